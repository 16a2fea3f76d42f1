"""Made-up product advertorials, clinic events and doctor profiles, to be set into training pages.

Scraped articles often turn into a promotion halfway, many lines long, whose lines read like the article's own
("Zinc strengthens immunity"). The written corpus holds few; this grammar adds as many as training wants. Lines
only, all invented here.
"""

import json
import random
from functools import cache
from pathlib import Path

__all__ = ["clinic_event", "product_advertorial", "profile"]

Line = tuple[str, str]


@cache
def _words(kind: str) -> list[str]:
    """The words of one kind: ingredients, effects, needs, crowds, forms, surnames, given, departments, ..."""
    words: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return words[kind]


def _one(rng: random.Random, kind: str) -> str:
    return rng.choice(_words(kind))


def product_advertorial(rng: random.Random) -> list[Line]:
    """The lines of an advertorial for one invented product, all labelled ad, in a plausible order."""
    stuff = rng.sample(_words("ingredients"), rng.randint(2, 5))
    name = f"{rng.choice(stuff).capitalize()} {_one(rng, 'forms')}"
    form = _one(rng, "forms")
    facts = [fact for one in stuff for fact in _facts(rng, one)]
    opening = [
        rng.choice((
            f"{name} unite {stuff[0]} with {stuff[1]}, dissolve fast and do not burden the stomach.",
            f"{name}, made from {stuff[0]} and {stuff[1]} of natural origin, {_one(rng, 'effects')} from the root.",
            f"Want to {_one(rng, 'effects')}? Then you cannot miss {name.lower()}.",
            f"Our {name.lower()} are rich in {stuff[0]}, specially made for people with {_one(rng, 'needs')}.",
        )),
        *rng.sample((
            rng.choice(("【 ingredients 】 ", "Ingredients: ", "Raw material: ", "[Composition] ")) + ", ".join(stuff),
            f"Food additive: {_one(rng, 'ingredients')}",
            f"The content of {stuff[0]} is as high as {rng.randint(12, 60)}%, far above that of ordinary products.",
            f"What makes {name.lower()} different",
            "Which people need it?",
            f"Why choose {name.lower()}?",
        ), rng.randint(1, 4)),
    ]  # fmt: skip
    closing = rng.sample((
        f"Suitable for {_one(rng, 'crowds')}, {_one(rng, 'crowds')};",
        f"Suitable crowd: {', '.join(rng.sample(_words('crowds'), 3))}.",
        f"{_one(rng, 'crowds').capitalize()} should not eat it.",
        rng.choice(("Usage and dosage:", "How to take:", "Eating method:", "Method of use:")),
        f"Take {rng.randint(1, 4)} {form} {rng.randint(1, 3)} times a day, after meals.",
        f"{rng.randint(1, 3)} bags a day, dissolved in warm water.",
        rng.choice(("Keep sealed and out of the sun.", "Store away from light.", "Preserve at room temperature.")),
        f"Shelf life: {rng.choice((12, 18, 24))} months",
        f"Net content: {rng.randint(30, 300)} g",
        f"{stuff[0].capitalize()} and {stuff[1]} help each other, a perfect combination for your health.",
        f"Order before {_one(rng, 'days')} and get one box free.",
        f"Price: {rng.randint(49, 399)} yuan a box",
    ), rng.randint(3, 7))  # fmt: skip
    return [("ad", line) for line in (*opening, *facts, *closing)]


def _facts(rng: random.Random, stuff: str) -> list[str]:
    one, two, three = rng.sample(_words("effects"), 3)
    heads = [
        f"Add {stuff}:", f"{stuff.capitalize()} contains {_one(rng, 'ingredients')}", stuff.capitalize(),
        f"{_one(rng, 'ingredients').capitalize()} in {stuff}", f"Role of {stuff}", f"{rng.randint(1, 5)}. {stuff}",
    ]  # fmt: skip
    bodies = [
        f"{stuff.capitalize()} can {one} and {two}, the body needs it every day.",
        f"It can {one}, {two}, {three}, so that the whole body reaches a better state.",
        f"A spoon of {stuff} holds {rng.randint(5, 900)} mg of {_one(rng, 'ingredients')}, "
        f"which is {rng.randint(2, 9)} times that of ordinary food. It helps to {one} and {two}.",
        f"Studies show that {stuff} can {one}, reduce {_one(rng, 'needs')} and {two}.",
        f"Supplement {_one(rng, 'ingredients')} and {stuff}, {one}, {two}.",
        f"The body cannot do without it; a lack shows in {_one(rng, 'needs')} and {_one(rng, 'needs')}.",
    ]
    return [rng.choice(heads), *rng.sample(bodies, rng.randint(1, 2))] if rng.random() < 0.8 else [rng.choice(bodies)]


def clinic_event(rng: random.Random) -> list[Line]:
    """Lines that invite to a lecture, a broadcast or a free clinic."""
    need, day = (
        _one(rng, "needs"),
        f"{_one(rng, 'days')}, {_one(rng, 'months')} {rng.randint(1, 30)}",
    )
    hour = f"{rng.randint(1, 11)}:{rng.choice(('00', '15', '30', '45'))} {rng.choice(('AM', 'PM'))}"
    lines = [
        f"Still troubled by {need}? Our experts answer live on {day}, {hour}.",
        f"{need.capitalize()}: who gets it, who should be examined? Listen in on {day}, {hour}!",
        f"Free clinic, department of {_one(rng, 'departments')}: {day}, {hour}, outpatient hall.",
        f"A brochure on {need} is given to the first fifty callers",
        rng.choice(("Spring has come", "The heat has not gone yet", "Autumn is here again", "Cold wind, early frost")),
        rng.choice(
            ("Old troubles come back", "The body sends out signals", "Have you prepared?", "Do not be careless")
        ),
        rng.choice(("Ask for it at the desk", "Hurry up to collect", "Places are limited", "First come, first served")),
        f"Our hospital introduces a new method against {need}, no knife, no pain, no hospital stay.",
        f"Consultation telephone: 0{rng.randint(300, 999)}-XXX{rng.randint(1000, 9999)}",
    ]
    keep = sorted(rng.sample(range(len(lines)), rng.randint(1, 6)))
    return [("ad", lines[i]) for i in keep]


def profile(rng: random.Random) -> list[Line]:
    """One to three profiles of doctors, labelled bio."""
    lines = []
    for _ in range(rng.randint(1, 3)):
        name = f"{_one(rng, 'surnames')} {_one(rng, 'given')}"
        department, rank = _one(rng, "departments"), _one(rng, "ranks")
        good = ", ".join(rng.sample(_words("skills"), rng.randint(2, 4)))
        facts = rng.sample((
            f"Has been engaged in {department} for {rng.randint(8, 40)} years",
            f"graduated from the medical university in {rng.randint(1980, 2008)}",
            f"published {rng.randint(5, 60)} papers and {rng.randint(1, 5)} books",
            "member of the provincial medical association",
            f"standing committee member of the {department} branch of the city",
            "won the second prize of science and technology progress",
            "studied abroad for one year",
            f"has rich clinical experience in {_one(rng, 'skills')}",
        ), rng.randint(1, 4))  # fmt: skip
        lines.append(rng.choice((
            f"{name} is {rank} of the department of {department} of the people's hospital. {'. '.join(facts)}. "
            f"{name.split()[0]} is good at {good}.",
            f"{name}, {rank} of {department}. {', '.join(facts)}. Specialities: {good}.",
            f"{name}, {rank}, {', '.join(facts)}",
            f"{name}, the first hospital of the city, {rank}. Good at the diagnosis and treatment of {good}.",
        )))  # fmt: skip
    head = [rng.choice(("Experts interviewed", "Expert introduction", "About the experts", "This issue's guests"))]
    return [("bio", line) for line in ((head if rng.random() < 0.25 else []) + lines)]
