"""What CI asks about dependencies: are weak ones among them, and is the list of them whole?"""
