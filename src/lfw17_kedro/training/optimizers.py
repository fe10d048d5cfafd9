"""Optimizers by their settings."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

START = 1 / 20  # of the learning rate, where its warm-up begins


def make_optimizer(
    name: str, *, learning_rate: float, weight_decay: float, warmup: float, steps: int
) -> "keras.optimizers.Optimizer":
    """Make the optimizer of that name.

    Args:
        name: "adamw", whose learning rate rises over the fraction `warmup` of the steps
            and then falls along a cosine to 0 (Loshchilov and Hutter 2017,
            arXiv:1608.03983), or "sgd", plain gradient descent at a constant rate.
        learning_rate: the max learning rate; above 0.
        weight_decay: of adamw, for kernels only.
        warmup: fraction of the steps, 0-1; of adamw.
        steps: batches that it will see.

    Raises:
        ValueError: another name, or a learning rate of 0 or less.
    """
    import keras

    if learning_rate <= 0:
        raise ValueError(f"learning_rate: expected above 0, got {learning_rate}.")
    if name == "sgd":
        return keras.optimizers.SGD(learning_rate)
    if name != "adamw":
        raise ValueError(f"optimizer: expected 'adamw' or 'sgd', got {name!r}.")
    warmup_steps = int(warmup * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate * START if warmup_steps else learning_rate,
        max(1, steps - warmup_steps),
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
