"""The documents that typologies are from, each looked up in November 2026: title, publisher, date.

`says` cites what was read, in the document itself or in a digest of it, in our own words. `lists`
cites a part that only the table of contents was seen of; its text is marked †.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a document. where: empty for all of it. what: it says; empty when is_unread."""

    document: Document
    where: str
    what: str
    is_unread: bool = False

    @property
    def text(self) -> str:
        place = f", {self.where}" if self.where else ""
        said = " †" if self.is_unread else f": {self.what}"
        return f"{self.document.text}{place}{said}"


@dataclass(frozen=True, slots=True)
class Document:
    """published: as it dates itself, or what was looked up when it does not."""

    publisher: str
    title: str
    published: str

    @property
    def text(self) -> str:
        return f"{self.publisher}, {self.title} ({self.published})"

    def says(self, what: str, *, at: str = "") -> Source:
        return Source(self, at, what)

    def lists(self, part: str) -> Source:
        return Source(self, part, "", is_unread=True)


AMLSIM: Final = Document("IBM", "AMLSim, wiki page Transaction Model: Alert Model", "October 2021")
BCB_REJECTION: Final = Document(
    "Banco Central do Brasil", "Resolução BCB nº 501", "11 September 2025"
)
CFR_STRUCTURING: Final = Document(
    "FinCEN", "31 CFR 1010.314, Structured transactions", "as in force in October 2024"
)
EU_AUTHENTICATION: Final = Document(
    "European Commission",
    "Delegated Regulation (EU) 2018/389 on strong customer authentication",
    "27 November 2017",
)
EUROPOL_ONLINE_FRAUD: Final = Document(
    "Europol", "Online Fraud Schemes: A Web of Deceit, spotlight report of the IOCTA", "2023"
)
FATF_CYBER_FRAUD: Final = Document(
    "FATF, Egmont Group and INTERPOL",
    "Illicit Financial Flows from Cyber-Enabled Fraud",
    "November 2023",
)
FATF_PROFESSIONALS: Final = Document("FATF", "Professional Money Laundering", "July 2018")
FATF_RECOMMENDATION_16: Final = Document(
    "FATF", "Recommendation 16 and its Interpretive Note", "2012, revised June 2025"
)
FATF_REMITTANCE: Final = Document(
    "FATF and MONEYVAL",
    "Money Laundering through Money Remittance and Currency Exchange Providers",
    "June 2010",
)
FATF_TERRORISM: Final = Document(
    "FATF",
    "Guidance for Financial Institutions in Detecting Terrorist Financing",
    "24 April 2002",
)
FATF_TRADE: Final = Document("FATF", "Trade Based Money Laundering", "23 June 2006")
FATF_VIRTUAL_ASSETS: Final = Document(
    "FATF",
    "Virtual Assets: Red Flag Indicators of Money Laundering and Terrorist Financing",
    "September 2020",
)
FBI_PAYROLL: Final = Document(
    "FBI IC3",
    "Alert I-091818-PSA, Cybercriminals Utilize Social Engineering Techniques to Obtain Employee "
    "Credentials to Conduct Payroll Diversion",
    "18 September 2018",
)
FED_SYNTHETIC: Final = Document(
    "Federal Reserve",
    "Synthetic Identity Fraud in the U.S. Payment System: A Review of Causes and Contributing "
    "Factors",
    "July 2019",
)
FFIEC_MANUAL: Final = Document(
    "FFIEC", "Bank Secrecy Act/Anti-Money Laundering Examination Manual", "2014"
)
FINCEN_CYBER: Final = Document(
    "FinCEN", "Advisory FIN-2016-A005, Cyber-Events and Cyber-Enabled Crime", "25 October 2016"
)
FINCEN_EMAIL_2016: Final = Document(
    "FinCEN", "Advisory FIN-2016-A003, E-Mail Compromise Fraud Schemes", "6 September 2016"
)
FINCEN_EMAIL_2019: Final = Document(
    "FinCEN",
    "Advisory FIN-2019-A005, Updated Advisory on Email Compromise Fraud Schemes Targeting "
    "Vulnerable Business Processes",
    "16 July 2019",
)
FINCEN_FUNNEL: Final = Document(
    "FinCEN",
    "Advisory FIN-2014-A005, Update on U.S. Currency Restrictions in Mexico: Funnel Accounts and "
    "TBML",
    "28 May 2014",
)
FINCEN_INVESTMENT: Final = Document(
    "FinCEN",
    "Alert FIN-2023-Alert005 on the virtual currency investment scam known as pig butchering",
    "8 September 2023",
)
FINCEN_MULES: Final = Document(
    "FinCEN",
    "Advisory FIN-2020-A003, Imposter Scams and Money Mule Schemes Related to Coronavirus Disease "
    "2019",
    "7 July 2020",
)
FINCEN_PANDEMIC: Final = Document(
    "FinCEN",
    "Advisory FIN-2020-A005, Cybercrime and Cyber-Enabled Crime Exploiting the Coronavirus Disease "
    "2019 Pandemic",
    "30 July 2020",
)
FINCEN_RECOVERY: Final = Document(
    "FinCEN", "FIN-2022-FCT1, Fact Sheet on the Rapid Response Program", "11 February 2022"
)
FINCEN_TAKEOVER: Final = Document(
    "FinCEN", "Advisory FIN-2011-A016, Account Takeover Activity", "19 December 2011"
)
FTC_API_TRADE: Final = Document(
    "FTC", "FTC v. API Trade, LLC, No. 10 C 1543, N.D. Illinois", "March 2010"
)
FTC_RECOVERY: Final = Document(
    "FTC", "Consumer Information, Refund and Recovery Scams", "as of January 2013"
)
MASTERCARD_MERCHANTS: Final = Document(
    "Mastercard", "Security Rules and Procedures, Merchant Edition", "10 September 2019"
)
MASTERCARD_TESTING: Final = Document(
    "Mastercard",
    "Threat Intelligence, developer documentation, Card Testing for Acquirers",
    "undated, read in 2026",
)
MRC_SURVEY: Final = Document(
    "Merchant Risk Council, Visa Acceptance Solutions and Verifi",
    "Global eCommerce Payments and Fraud Report, 25th edition",
    "March 2024",
)
PAY_UK_TRACING: Final = Document(
    "Pay.UK", "launch of the Mule Insights Tactical Solution", "11 December 2018"
)
PSR_REIMBURSEMENT: Final = Document(
    "PSR",
    "PS23/3, Fighting authorised push payment fraud: a new reimbursement requirement",
    "June 2023",
)
SEC_PONZI: Final = Document(
    "SEC Office of Investor Education and Advocacy",
    "Investor Alert: Ponzi Schemes Using Virtual Currencies",
    "July 2013",
)
UK_FINANCE_2020: Final = Document(
    "UK Finance",
    "press release on the Banking Protocol in the first half of 2020",
    "9 September 2020",
)
UK_FINANCE_2024: Final = Document("UK Finance", "Annual Fraud Report 2024", "22 May 2024")
VISA_ACQUIRERS: Final = Document("Visa", "Acquirer Risk Management Guide", "February 2003")
