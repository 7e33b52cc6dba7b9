"""How each fraud typology goes, and who only looks like it: `name` and `not_name`."""

from tests.risk.typologies.cast import Cast


def account_takeover(c: Cast) -> None:
    """From a telephone never seen before, 1,500 EUR go to a stranger."""
    c.bad(c.old(), c.new(), 1_500, device=c.device())


def not_account_takeover(c: Cast) -> None:
    """A large purchase with the telephone of always, and a new one that buys lunch."""
    owner = c.old()
    c.pay(owner, c.new(), 1_500, device=c.phones[owner])
    c.wait(days=1)
    c.pay(owner, c.new(), 30, device=c.device())


def account_drained(c: Cast) -> None:
    """Four payments of 1,500 EUR to one new payee within half an hour."""
    victim, safe = c.old(), c.new()
    for _ in range(4):
        c.bad(victim, safe, 1_500)
        c.wait(minutes=8)


def not_account_drained(c: Cast) -> None:
    """A car, paid at once."""
    c.pay(c.old(), c.new(), 6_000)


def push_payment_scam(c: Cast) -> None:
    """2,500 EUR, more than ever, to a new account that three strangers paid before."""
    mule = c.new()
    for _ in range(3):
        c.bad(c.old(), mule, 300)
        c.wait(days=1)
    c.bad(c.old(), mule, 2_500)


def not_push_payment_scam(c: Cast) -> None:
    """More than ever before, to a dealer who has been there for long."""
    c.pay(c.old(), c.shop(), 2_500)


def investment_scam(c: Cast) -> None:
    """Six payments to one platform in five weeks, each twice the one before, from 200 EUR on."""
    victim, platform = c.old(), c.new()
    for k in range(6):
        c.bad(victim, platform, 200 * 2**k)
        c.wait(days=6)


def not_investment_scam(c: Cast) -> None:
    """A savings plan that is raised once."""
    saver, broker = c.old(), c.new()
    for eur in (400, 400, 400, 400, 1_000, 1_000, 1_000):
        c.pay(saver, broker, eur)
        c.wait(days=15)


def invoice_redirection(c: Cast) -> None:
    """A company with six suppliers pays 8,000 EUR to an account that nobody knows."""
    c.bad(_company(c), c.new(), 8_000, purpose=11)


def not_invoice_redirection(c: Cast) -> None:
    """A new supplier who has been in business for long."""
    c.pay(_company(c), c.shop(eur=900), 8_000, purpose=11)


def payroll_diversion(c: Cast) -> None:
    """In a run of wages, one of 2,500 EUR goes to an account that nobody knows."""
    employer, staff = _payroll(c)
    _run(c, employer, staff[:-2])
    c.bad(employer, c.new(), 2_500)
    _run(c, employer, staff[-1:])


def not_payroll_diversion(c: Cast) -> None:
    """Somebody was hired, who has had an account for years."""
    employer, staff = _payroll(c)
    _run(c, employer, staff)
    c.pay(employer, c.old(), 2_500)


def card_testing(c: Cast) -> None:
    """Within half an hour, twenty accounts that never bought there pay a shop 1.50 EUR each."""
    shop = c.shop()
    for _ in range(20):
        c.bad(c.new(), shop, 1.5)
        c.wait(minutes=1.5)


def not_card_testing(c: Cast) -> None:
    """A coffee machine and the people who pass it every morning."""
    machine, passers = c.shop(eur=1.5), [c.new() for _ in range(12)]
    for day in range(6):
        for one in passers:
            c.pay(one, machine, 1.5)
            c.wait(minutes=4 if day else 300)
        c.wait(hours=20)


def tested_then_used(c: Cast) -> None:
    """1.20 EUR somewhere new, and five hours later 900 EUR to somebody else who is new."""
    victim = c.old()
    c.bad(victim, c.new(), 1.2)
    c.wait(hours=5)
    c.bad(victim, c.new(), 900)


def not_tested_then_used(c: Cast) -> None:
    """A coffee where the owner always drinks it, and then a new bicycle."""
    owner, cafe = c.old(), c.new()
    c.pay(owner, cafe, 3)
    c.wait(days=10)
    c.pay(owner, cafe, 3)
    c.wait(hours=5)
    c.pay(owner, c.new(), 900)


def bust_out(c: Cast) -> None:
    """After quiet months, eight payments of 800 EUR to eight new payees in one day."""
    person = c.old()
    for _ in range(8):
        c.bad(person, c.new(), 800)
        c.wait(hours=1)


def not_bust_out(c: Cast) -> None:
    """Moving house: three new shops in a day."""
    person = c.old()
    for _ in range(3):
        c.pay(person, c.new(), 400)
        c.wait(hours=1)


def refund_abuse(c: Cast) -> None:
    """Within a week or so a merchant pays seven purchases back to the same customer."""
    customer, merchant = c.new(), c.new()
    for _ in range(7):
        c.pay(customer, merchant, 80)
        _sell(c, merchant)
        c.bad(merchant, customer, 80)


def not_refund_abuse(c: Cast) -> None:
    """Two pairs of shoes that did not fit."""
    customer, merchant = c.new(), c.new()
    for _ in range(2):
        c.pay(customer, merchant, 80)
        _sell(c, merchant)
        c.pay(merchant, customer, 80)


def micro_charges(c: Cast) -> None:
    """A new merchant takes exactly 0.99 EUR from 25 people within two hours."""
    merchant = c.new()
    for _ in range(25):
        c.bad(c.new(), merchant, 0.99, exact=True)
        c.wait(minutes=5)


def not_micro_charges(c: Cast) -> None:
    """A car park's machine: always the same price, for years."""
    machine = c.shop(eur=2)
    for _ in range(25):
        c.pay(c.new(), machine, 2)
        c.wait(minutes=5)


def merchant_bust_out(c: Cast) -> None:
    """A merchant of two weeks sells for 300 EUR to twenty strangers within hours."""
    merchant = c.new()
    for _ in range(3):
        c.pay(c.new(), merchant, 100)
        c.wait(days=4)
    for _ in range(20):
        c.bad(c.new(), merchant, 300)
        c.wait(minutes=20)


def not_merchant_bust_out(c: Cast) -> None:
    """The sales of a shop that has been there for long."""
    shop = c.shop()
    for _ in range(20):
        c.pay(c.new(), shop, 300)
        c.wait(minutes=20)


def equal_contributions(c: Cast) -> None:
    """Fourteen members pay 200 EUR each; most of it is paid out to earlier ones at once."""
    pyramid, members = c.new(), [c.new() for _ in range(14)]
    for k, member in enumerate(members):
        c.bad(member, pyramid, 200, exact=True)
        c.wait(minutes=15)
        if k:
            c.bad(pyramid, members[k // 2], 150)
        c.wait(minutes=15)


def not_equal_contributions(c: Cast) -> None:
    """A box office, which banks its takings in the evening."""
    office, bank = c.new(), c.new()
    for _ in range(14):
        c.pay(c.new(), office, 60)
        c.wait(minutes=15)
    c.wait(hours=6)
    c.pay(office, bank, 800)


def night_burst(c: Cast) -> None:
    """From one o'clock at night on, six payments to strangers within half an hour."""
    victim = c.old()
    c.until_hour(1)
    for _ in range(6):
        c.bad(victim, c.new(), 200)
        c.wait(minutes=5)


def not_night_burst(c: Cast) -> None:
    """Somebody who works at night buys at night."""
    nurse, shops = c.new(), [c.new() for _ in range(4)]
    for k in range(30):
        c.until_hour(1)
        c.pay(nurse, shops[k % 4], 30)
        c.wait(hours=2)
    c.until_hour(1)
    for _ in range(6):
        c.pay(nurse, c.new(), 60)
        c.wait(minutes=5)


def reported_payee(c: Cast) -> None:
    """Two have reported the payee; three days later the next one pays."""
    thief, victims = c.new(), [c.old(), c.old()]
    for victim in victims:
        c.bad(victim, thief, 300)
    c.wait(days=3)
    for victim in victims:
        c.report(victim, thief, 300)
    c.bad(c.old(), thief, 300)


def not_reported_payee(c: Cast) -> None:
    """A shop with one unhappy customer."""
    shop, customer = c.shop(), c.old()
    c.pay(customer, shop, 60)
    c.wait(days=3)
    c.report(customer, shop, 60)
    c.pay(c.old(), shop, 60)


def repeat_victim(c: Cast) -> None:
    """A week after a fraud was reported, its victim pays 600 EUR to a new helper."""
    victim, thief = c.old(), c.new()
    c.bad(victim, thief, 500)
    c.wait(days=1)
    c.report(victim, thief, 500)
    c.wait(days=7)
    c.bad(victim, c.new(), 600)


def not_repeat_victim(c: Cast) -> None:
    """Somebody who was robbed last week buys lunch somewhere new."""
    victim, thief = c.old(), c.new()
    c.pay(victim, thief, 500)
    c.wait(days=1)
    c.report(victim, thief, 500)
    c.wait(days=7)
    c.pay(victim, c.new(), 45)


def reported_device(c: Cast) -> None:
    """A telephone from which a fraud was reported pays for another account the next day."""
    device, victim, thief = c.device(), c.old(), c.new()
    c.bad(victim, thief, 400, device=device)
    c.wait(days=1)
    c.report(victim, thief, 400, device=device)
    c.bad(c.old(), c.new(), 300, device=device)


def not_reported_device(c: Cast) -> None:
    """The owner of a telephone whose purchase went wrong buys something else with it."""
    owner, thief = c.old(), c.new()
    phone = c.phones[owner]
    c.pay(owner, thief, 400, device=phone)
    c.wait(days=1)
    c.report(owner, thief, 400, device=phone)
    c.pay(owner, c.new(), 300, device=phone)


def reported_corridor(c: Cast) -> None:
    """Four of twelve payments to a country were reported; then 2,000 EUR go there to a stranger."""
    people, corridor = [c.old() for _ in range(12)], 77
    for k, one in enumerate(people):
        payee = c.new()
        c.pay(one, payee, 700 if k < 4 else 100, corridor=corridor, bad=k < 4)
        c.wait(hours=5)
        if k < 4:
            c.report(one, payee, 700, corridor=corridor)
    c.bad(c.old(), c.new(), 2_000, corridor=corridor)


def not_reported_corridor(c: Cast) -> None:
    """A way on which nothing was stolen."""
    for _ in range(12):
        c.pay(c.old(), c.new(), 700, corridor=78)
        c.wait(hours=5)
    c.pay(c.old(), c.new(), 2_000, corridor=78)


def _company(c: Cast) -> int:
    company, suppliers = c.new(), [c.new() for _ in range(6)]
    for k in range(60):
        c.pay(company, suppliers[k % 6], 7_000 * float(c.rng.uniform(0.5, 1.5)), purpose=11)
        c.wait(days=2)
    return company


def _payroll(c: Cast) -> tuple[int, list[int]]:
    """Three runs of the past."""
    employer, staff = c.new(), [c.new() for _ in range(12)]
    for _ in range(3):
        _run(c, employer, staff)
        c.wait(days=30)
    return employer, staff


def _run(c: Cast, employer: int, staff: list[int]) -> None:
    for one in staff:
        c.pay(employer, one, 2_500 * float(c.rng.uniform(0.8, 1.2)))
        c.wait(minutes=1)


def _sell(c: Cast, merchant: int) -> None:
    """A day of a merchant."""
    for _ in range(14):
        c.pay(c.new(), merchant, 60)
        c.wait(hours=1.5)
