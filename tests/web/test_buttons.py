"""Buttons on pages: what a use case refuses is said where the button stands; a busy database is not hidden."""

from __future__ import annotations

import pytest
from flask import get_flashed_messages

from ventory.core.errors import NotFound, Overloaded, Rejected, VentoryError
from ventory.web.pages import gone, press


def refusing(error: VentoryError):
    def run():
        raise error

    return run


def test_a_refusal_is_said_where_the_button_stands(app):
    with app.test_request_context("/"):
        answer = press(refusing(Rejected("Two items are counted in it.")), lambda _: gone("Done.", "/uom/"), "/uom/3")

        assert (answer.status_code, answer.location) == (303, "/uom/3")
        assert get_flashed_messages() == ["Two items are counted in it."]


@pytest.mark.parametrize("error", [NotFound("There is no such unit."), Overloaded("Busy.")])
def test_a_busy_database_and_a_missing_thing_keep_their_status(app, error):
    with app.test_request_context("/"), pytest.raises(type(error)):
        press(refusing(error), lambda _: gone("Done.", "/uom/"), "/uom/3")
