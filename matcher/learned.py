"""Learned: what an organisation's own labelled texts teach about which a person should see, judged by texts held back.

Words and, beside them, an embedding, each by logistic regression. Nothing learned is kept or shipped: weights hold what
they were trained on, and most sets' licences do not allow it. This says whether training would be worth it here.

Sources: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 6.2 (tf-idf), 13 (cross-validation).
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from matcher.encoder import Vectors
from matcher.recall import Floats, Truths

FOLDS = 5


def by_words(texts: Sequence[str], wanted: Truths, rules: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return each text's chance by its words, and by its words and the rules, learned from the texts of other folds.

    Args:
        rules: shape (n, r), what the shipped rules weigh.
    """
    alone, both = np.zeros(len(texts)), np.zeros(len(texts))
    for learn, judge in _folds(wanted, seed):
        read = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=50_000, sublinear_tf=True)
        seen = read.fit_transform([texts[row] for row in learn])
        unseen = read.transform([texts[row] for row in judge])
        alone[judge] = _chances(seen, wanted[learn], unseen)
        both[judge] = _chances(
            sparse.hstack([seen, sparse.csr_matrix(np.minimum(rules[learn], 3))]).tocsr(), wanted[learn],
            sparse.hstack([unseen, sparse.csr_matrix(np.minimum(rules[judge], 3))]).tocsr(),
        )  # fmt: skip
    return alone, both


def by_vectors(vectors: Vectors, wanted: Truths, seed: int) -> Floats:
    """Return each text's chance by its embedding, learned from the texts of other folds."""
    made = np.zeros(len(vectors))
    for learn, judge in _folds(wanted, seed):
        made[judge] = _chances(vectors[learn], wanted[learn], vectors[judge])
    return made


def _folds(wanted: Truths, seed: int) -> list[tuple[Vectors, Vectors]]:
    """The same for every way that is compared."""
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(wanted)), wanted))


def _chances(seen: object, wanted: Truths, unseen: object) -> Floats:
    learned = LogisticRegression(C=4.0, max_iter=2000)
    made: Floats = learned.fit(seen, wanted).predict_proba(unseen)[:, 1]
    return made
