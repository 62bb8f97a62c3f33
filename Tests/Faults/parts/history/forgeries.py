def unfound(rng, record):
    return []
