"""The currencies that prices can be in."""

from __future__ import annotations

from ventory.core.errors import BadInput

# source: ISO 4217, active codes of circulating currencies; funds, metals and test codes are left out
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = tuple(_CODES.split())
_KNOWN = frozenset(CURRENCIES)


def check_currency(code: str, *, field: str = "currency") -> str:
    """The code in capitals. raises: BadInput unless ISO 4217 knows it"""
    known = code.strip().upper()
    if known not in _KNOWN:
        raise BadInput(f"There is no currency {code.strip()}; GBP and EUR are two.", field=field)
    return known
