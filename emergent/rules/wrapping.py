"""Rules that hold another rule, `of`: what they leave to it."""

from emergent.verbs import diverged, genes, lanewise, parameters, reach


def wrapping(cls):
    """Let a rule answer as the rule inside it, unless it is given words of its own afterwards; for its class."""
    reach.on(cls)(reach_inside)
    parameters.on(cls)(parameters_inside)
    genes.on(cls)(genes_inside)
    lanewise.on(cls)(lanewise_inside)
    diverged.on(cls)(diverged_inside)
    return cls


def reach_inside(rule):
    return reach(rule.of)


def parameters_inside(rule):
    return parameters(rule.of)


def genes_inside(rule):
    return genes(rule.of)


def lanewise_inside(rule):
    return lanewise(rule.of)


def diverged_inside(rule, space, states, lanes):
    return diverged(rule.of, space, states, lanes)
