"""A second teacher: the model of characters (`models.characters`).

Of a text with a label it is asked only by a model that did not learn from that
text, else it would repeat the label.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.characters import counter, learner
from models.train.rows import Row

FOLDS = 3


def opinions(rows: Sequence[Row], seed: int) -> NDArray[np.float32]:
    """P(negative, neutral, positive) of every row's text, as three models see it that learnt from the other thirds."""
    texts = [row.text for row in rows]
    counted = counter().transform(texts)
    folds = np.array([hashlib.sha256(text.encode()).digest()[0] % FOLDS for text in texts])
    labels = np.array([row.labels.get("sentiment", -1) for row in rows])
    weights = np.array([row.weight for row in rows])
    found = np.zeros((len(rows), 3), np.float32)
    for fold in range(FOLDS):
        learn = (folds != fold) & (labels >= 0)
        model = learner(seed + fold)
        model.fit(counted[learn], labels[learn], sample_weight=weights[learn])
        found[folds == fold] = model.predict_proba(counted[folds == fold])
    return found
