"""What `python app.py`, `flask run` and gunicorn start: the application of the package `ventory`."""

from ventory.app import create_app

__all__ = ["create_app"]


def __getattr__(name):
    """Build `app` when somebody asks for it (`gunicorn app:app`), not when only `create_app` is wanted."""
    if name == "app":
        globals()["app"] = create_app()
        return globals()["app"]
    raise AttributeError(name)


if __name__ == "__main__":
    from ventory.cli import main

    main(["serve"])
