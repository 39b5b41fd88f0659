"""Who signed a caller's token: the clinic's identity provider, its keys, and what its tokens say."""
