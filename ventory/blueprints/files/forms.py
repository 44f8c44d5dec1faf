"""The upload form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import MultipleFileField


class UploadForm(FlaskForm):
    """Some files for an item; what kind they are is told by where the form goes."""

    files = MultipleFileField("Files")
