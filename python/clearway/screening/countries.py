"""Countries by ISO 3166 alpha-2 code, under the names that the OFAC and UN lists use."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AL Albania|AM Armenia|AO Angola
AR Argentina|AT Austria|AU Australia|AW Aruba|AZ Azerbaijan|BA Bosnia and Herzegovina
BA Bosnia-Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain
BI Burundi|BJ Benin|BM Bermuda|BN Brunei|BO Bolivia|BR Brazil|BS Bahamas|BS Bahamas, The|BT Bhutan
BW Botswana|BY Belarus|BZ Belize|CA Canada|CD Congo, Democratic Republic of the
CD Democratic Republic of the Congo|CF Central African Republic|CG Congo
CG Congo, Republic of the|CH Switzerland|CI Cote d Ivoire|CI Ivory Coast|CL Chile|CM Cameroon
CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CY Cyprus|CZ Czech Republic|CZ Czechia
DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador
EE Estonia|EG Egypt|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FR France|GA Gabon
GB United Kingdom|GB United Kingdom of Great Britain and Northern Ireland|GB England|GE Georgia
GH Ghana|GI Gibraltar|GM Gambia|GM The Gambia|GN Guinea|GQ Equatorial Guinea|GR Greece
GT Guatemala|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HK China, Hong Kong Special Administrative Region|HN Honduras|HR Croatia|HT Haiti|HU Hungary
ID Indonesia|IE Ireland|IL Israel|IM Man, Isle of|IM Isle of Man|IN India|IQ Iraq|IR Iran
IR Iran (Islamic Republic of)|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan
KE Kenya|KG Kyrgyzstan|KH Cambodia|KM Comoros|KN Saint Kitts and Nevis|KP Korea, North
KP North Korea|KP Democratic People's Republic of Korea|KR Korea, South|KR South Korea
KR Republic of Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon
LI Liechtenstein|LK Sri Lanka|LR Liberia|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco
MC Monaco|MD Moldova|ME Montenegro|MG Madagascar|MH Marshall Islands|MK North Macedonia
MK North Macedonia, The Republic of|MK Macedonia|ML Mali|MM Burma|MM Myanmar|MN Mongolia|MO Macau
MR Mauritania|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique
NA Namibia|NE Niger|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NZ New Zealand
OM Oman|PA Panama|PE Peru|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PS Palestinian
PS State of Palestine|PS West Bank|PS Gaza|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RO Romania
RS Serbia|RS Serbia and Montenegro|RU Russia|RU Russian Federation|RW Rwanda|SA Saudi Arabia
SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|SL Sierra Leone
SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|SV El Salvador|SY Syria
SY Syrian Arab Republic|SZ Eswatini|TD Chad|TG Togo|TH Thailand|TJ Tajikistan|TM Turkmenistan
TN Tunisia|TR Turkey|TR Türkiye|TT Trinidad and Tobago|TW Taiwan|TZ Tanzania
TZ United Republic of Tanzania|UA Ukraine|UG Uganda|US United States|US United States of America
US USA|UY Uruguay|UZ Uzbekistan|VC Saint Vincent and the Grenadines|VE Venezuela
VG Virgin Islands, British|VG British Virgin Islands|VN Vietnam|VN Viet Nam|VU Vanuatu|WS Samoa
XK Kosovo|YE Yemen|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""
_CODES: Final[dict[str, str]] = {}
for _row in _NAMES.replace("\n", "|").strip("|").split("|"):
    _CODES[_row[3:].casefold()] = _row[:2]
    _CODES[_row[:2].casefold()] = _row[:2]


def country_code(text: str) -> str | None:
    """The alpha-2 code of a code or a name; None for what is not a country.

    >>> country_code("Russian Federation"), country_code("ru"), country_code("undetermined")
    ('RU', 'RU', None)
    """
    return _CODES.get(text.strip().casefold())
