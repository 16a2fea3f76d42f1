"""Claims of labelled articles by a fitted reader in torch, and their score by the project's scorer."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from pipeline.models.reader.decode import (
    Decoding,
    Found,
    Scored,
    choose_pairs,
    choose_spans,
    claims_of,
    near_words,
)
from pipeline.models.reader.windows import Shape, read_sentences
from training.reader.data import Article, Example, collate, examples_of
from training.reader.model import MAX_WIDTH, Batch, Reader, Spans

__all__ = ["predict"]


@torch.no_grad()
def predict(
    models: Sequence[Reader], articles: Sequence[Article], tokenizer: Tokenizer, shape: Shape, decoding: Decoding
) -> dict[int, list[Found]]:
    """Claims by article number; several models vote with the mean of their probabilities."""
    device = next(models[0].parameters()).device.type
    found: dict[int, list[Found]] = defaultdict(list)
    sentences = [read_sentences(article.lines, tokenizer) for article in articles]
    for example in examples_of(articles, sentences, shape):
        batch = collate([example]).to(device).batch
        found[example.article] += _read(models, batch, example, articles[example.article], decoding)
    return found


def _read(
    models: Sequence[Reader], batch: Batch, example: Example, article: Article, decoding: Decoding
) -> list[Found]:
    encoded = [m.encode(batch) for m in models]
    spans = [m.spans(w, batch.sentence, batch.word_padding) for m, w in zip(models, encoded, strict=True)]
    argument = (
        torch.stack([torch.sigmoid(s.argument[0].float()) for s in spans]).mean(0).cpu().numpy().clip(1e-7, 1 - 1e-7)
    )
    chosen = choose_spans(np.log(argument / (1 - argument)), spans[0].allowed[0].cpu().numpy(), decoding)
    begin, stop, probability = chosen
    pairs = choose_pairs(example.window, chosen, decoding)
    if not len(pairs[0]):
        return []
    near = near_words(example.window, begin, stop)
    device = batch.first.device
    b, e, n, s, o = (torch.from_numpy(x)[None].to(device) for x in (begin, stop, near, *pairs))
    at = (b * MAX_WIDTH + e - b)[0]
    relation, flags, types = [], [], []
    allowed = np.zeros(0, dtype=bool)
    for m, w, found in zip(models, encoded, spans, strict=True):
        scores = m.pairs(w, Spans(found.hidden.flatten(1, 2)[:, at], b, e, n), (s, o), batch)
        relation.append(scores.relation[0].float().softmax(-1))
        flags.append(torch.sigmoid(scores.flags[0].float()))
        types.append(found.types.flatten(1, 2)[0, at].float())
        allowed = scores.allowed[0].cpu().numpy()
    mean = [torch.stack(x).mean(0).cpu().numpy() for x in (relation, flags, types)]
    scored = Scored(begin, stop, probability, mean[2], *pairs, mean[0], mean[1], allowed)
    return claims_of(example.window, article.lines, scored, decoding)
