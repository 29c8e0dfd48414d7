"""Export a trained generator as a SavedModel that runs without this package."""

from tf_ganaug.commands.export import export

if __name__ == "__main__":
    export()
