"""Random cases for every class and function of keras.metrics, one module a family: `name -> draw(rng) -> Case`."""

from differential import accuracies, confusion, crossentropies, errors, reductions, tables

CLASSES = {
    **reductions.CLASSES,
    **accuracies.CLASSES,
    **errors.CLASSES,
    **crossentropies.CLASSES,
    **confusion.CLASSES,
    **tables.CLASSES,
}
FUNCTIONS = {**accuracies.FUNCTIONS, **errors.FUNCTIONS, **crossentropies.FUNCTIONS}
