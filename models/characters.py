"""A model of characters: 1- to 3-grams counted, logistic regression. No order, no meaning, and yet other mistakes than a
network's; it teaches (`models.train.tfidf`), and forecasts for sources that nobody trained on (`models.evaluate.unseen`).
"""

from typing import Any

from tingchao.errors import BadSetting


def counter() -> Any:
    """Texts to rows of counts, by `transform`. Raises `BadSetting` where scikit-learn is missing."""
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
    except ModuleNotFoundError:
        raise BadSetting('the character model needs scikit-learn: pip install "tingchao[train]"') from None
    return HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=2**20, alternate_sign=False, norm="l2"
    )


def learner(seed: int) -> Any:
    """A classifier of such rows, to `fit`."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=2e-6, max_iter=8, tol=None, random_state=seed)
