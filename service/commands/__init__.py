"""The commands of the command line, a module per family; each adds its own to the parser."""
