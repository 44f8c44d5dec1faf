"""Numbers, money and times as people read them: true minus, grouped digits, the store's own clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup

from ventory.core.quantity import decimals_of, plain
from ventory.web.pictures import drawing

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def quantity(number: Decimal | None, decimals: int | None = None) -> str:
    """A quantity with grouped digits; `decimals` pads to one number of digits per column."""
    if number is None:
        return "–"
    text = plain(number) if decimals is None else f"{number:.{decimals}f}"
    whole, _, fraction = text.lstrip("-").partition(".")
    grouped = f"{int(whole):,}" + (f".{fraction}" if fraction else "")
    return ("\N{MINUS SIGN}" if text.startswith("-") else "") + grouped


def most_decimals(numbers: Iterable[Decimal]) -> int | None:
    """How many digits after the point a column of these needs; None where whole numbers do."""
    return max((decimals_of(number) for number in numbers), default=0) or None


def helper(number: Decimal | int | None, decimals: int | None = None) -> str:
    """A quantity in a column that only helps: zero is a dash."""
    return "–" if not number else quantity(Decimal(number), decimals)


def signed(number: Decimal) -> str:
    return ("+" if number > 0 else "") + quantity(number)


def change(now: Decimal, before: Decimal) -> str:
    """How far a figure went from an earlier one: in whole percents, in words where there was next to nothing."""
    if now == before:
        return "no change"
    if before <= 0 or now >= before * 10:
        return f"{signed(now - before)}, from {quantity(before)}"
    percent = (now - before) / before * 100
    if abs(percent) < 1:
        tenths = max(round(abs(percent), 1), Decimal("0.1"))
        return f"{signed(tenths.copy_sign(percent))}%"
    return f"{signed(Decimal(round(percent)))}%"


def percent(share: Decimal) -> str:
    """A share of 1 in whole percents; what is there but small is not nothing."""
    return "under 1%" if 0 < share < Decimal("0.005") else f"{round(share * 100)}%"


def money(amount: Decimal | None, currency: str = "GBP") -> str:
    if amount is None:
        return "–"
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{abs(amount):,.2f}"


def size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} KB" if count < 999_500 else f"{count / 1_000_000:.1f} MB"


def price(amount: Decimal | None, currency: str = "GBP", decimals: int = 0) -> str:
    """A price per unit, with every decimal it has and at least two; `decimals` pads to one number of digits."""
    if amount is None:
        return "–"
    shown = max(2, decimals, decimals_of(amount))
    return f"{SYMBOLS.get(currency, currency + ' ')}{amount:,.{shown}f}"


def when(moment: datetime, zone: str | None = None) -> Markup:
    """A time by its distance: today's hour, yesterday, then a date; the full time with its zone on hover."""
    local = moment.astimezone(ZoneInfo(zone or g.actor.time_zone))
    today = datetime.now(UTC).astimezone(local.tzinfo).date()
    if local.date() == today:
        text = f"{local:%H:%M}"
    elif local.date() == today - timedelta(days=1):
        text = f"yesterday {local:%H:%M}"
    else:
        text = short_date(local.date(), today)
    full = f"{local:%A %-d %B %Y, %H:%M:%S %Z}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.astimezone(UTC).isoformat(), full, text)


def short_date(day: date, today: date | None = None) -> str:
    today = today or datetime.now(UTC).date()
    return f"{day:%-d %b}" if day.year == today.year else f"{day:%-d %b %Y}"


def duration(seconds: int) -> str:
    """A stretch of time as people say it: its two largest parts at most."""
    minutes = seconds // 60
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else "less than a minute"


def field_value(field) -> str:
    """The value of a custom field as people read it. field: with kind and value"""
    match field.kind:
        case "yes_no":
            return "Yes" if field.value else "No"
        case "number":
            return quantity(Decimal(field.value))
        case "date":
            return f"{date.fromisoformat(field.value):%-d %B %Y}"
    return field.value


def register(app: Flask) -> None:
    app.jinja_env.filters.update(
        quantity=quantity,
        helper=helper,
        signed=signed,
        change=change,
        most_decimals=most_decimals,
        percent=percent,
        money=money,
        price=price,
        when=when,
        short_date=short_date,
        duration=duration,
        plain=plain,
        size=size,
    )
    app.jinja_env.filters["drawing"] = drawing
    app.jinja_env.filters["field_value"] = field_value
