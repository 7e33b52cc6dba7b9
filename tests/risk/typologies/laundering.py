"""How each laundering typology goes, and who only looks like it: `name` and `not_name`."""

from tests.risk.typologies.cast import Cast


def structuring_payer(c: Cast) -> None:
    """Four payments of about 9,500 EUR in four days, to one payee."""
    payer, payee = c.old(), c.new()
    for _ in range(4):
        c.bad(payer, payee, 9_500)
        c.wait(days=1)


def not_structuring_payer(c: Cast) -> None:
    """A retainer of 9,500 a month."""
    payer, payee = c.old(), c.shop()
    for _ in range(4):
        c.pay(payer, payee, 9_500)
        c.wait(days=30)


def structuring_payee(c: Cast) -> None:
    """Within a day, four strangers pay one account about 9,400 EUR each."""
    payee = c.new()
    for _ in range(4):
        c.bad(c.old(), payee, 9_400)
        c.wait(hours=5)


def not_structuring_payee(c: Cast) -> None:
    """A car dealer sells two cars in a month."""
    dealer = c.shop()
    for _ in range(3):
        c.pay(c.old(), dealer, 9_400)
        c.wait(days=20)


def travel_rule_splitting(c: Cast) -> None:
    """Six payments of about 960 EUR within two days, to one payee."""
    payer, payee = c.old(), c.new()
    for _ in range(6):
        c.bad(payer, payee, 960)
        c.wait(hours=6)


def not_travel_rule_splitting(c: Cast) -> None:
    """Rent."""
    tenant, landlord = c.old(), c.new()
    for _ in range(5):
        c.pay(tenant, landlord, 950)
        c.wait(days=30)


def mule_fan_in(c: Cast) -> None:
    """An account that is days old gets 400 EUR from each of six strangers in one day."""
    mule = c.new()
    c.pay(c.old(), mule, 20)
    c.wait(days=5)
    for _ in range(6):
        c.bad(c.old(), mule, 400)
        c.wait(hours=1.5)


def not_mule_fan_in(c: Cast) -> None:
    """Colleagues who never paid the organiser chip in for a present."""
    organiser = c.old()
    for _ in range(8):
        c.pay(c.old(), organiser, 25)
        c.wait(hours=1.5)


def mule_fan_out(c: Cast) -> None:
    """A stranger's 4,000 EUR come to a new account and leave to five new payees."""
    mule = c.new()
    c.bad(c.old(), mule, 4_000)
    for _ in range(5):
        c.wait(minutes=30)
        c.bad(mule, c.new(), 700)


def not_mule_fan_out(c: Cast) -> None:
    """A wage, and new furniture from three shops."""
    worker = _worker(c)
    for _ in range(4):
        c.wait(minutes=30)
        c.pay(worker, c.new(), 400)


def rapid_pass_through(c: Cast) -> None:
    """A stranger's 3,000 EUR come to a new account; 2,850 leave it 15 minutes later."""
    mule = c.new()
    c.bad(c.old(), mule, 3_000)
    c.wait(minutes=15)
    c.bad(mule, c.new(), 2_850)


def not_rapid_pass_through(c: Cast) -> None:
    """A wage, most of which goes on to the same savings account every month."""
    worker = _worker(c)
    savings = c.new()
    c.pay(worker, savings, 100)
    for _ in range(3):
        c.wait(days=30)
        c.pay(_employer(worker), worker, 3_000)
        c.wait(minutes=15)
        c.pay(worker, savings, 2_500)


def round_trip(c: Cast) -> None:
    """5,000 EUR go by way of two other accounts and are back after a few hours."""
    one, two, three = c.new(), c.new(), c.new()
    for payer, payee, eur in ((one, two, 5_000), (two, three, 4_900), (three, one, 4_800)):
        c.bad(payer, payee, eur)
        c.wait(hours=3)


def not_round_trip(c: Cast) -> None:
    """Three friends settle dinners."""
    one, two, three = c.old(), c.old(), c.old()
    for payer, payee in ((one, two), (two, three), (three, one)):
        c.pay(payer, payee, 30)
        c.wait(hours=3)


def dormant_wake_up(c: Cast) -> None:
    """After 150 days of silence, 4,000 EUR come from a stranger and leave five hours later."""
    sleeper = c.old()
    c.wait(days=150)
    c.bad(c.new(), sleeper, 4_000)
    c.wait(hours=5)
    c.bad(sleeper, c.new(), 3_800)


def not_dormant_wake_up(c: Cast) -> None:
    """Savings are at last spent on a car."""
    sleeper = c.old()
    c.wait(days=150)
    c.pay(sleeper, c.new(), 3_800)


def dormant_collects(c: Cast) -> None:
    """After 150 days of silence, 6,000 EUR come from a stranger."""
    sleeper = c.old()
    c.pay(c.old(), sleeper, 50)
    c.wait(days=150)
    c.bad(c.new(), sleeper, 6_000)


def not_dormant_collects(c: Cast) -> None:
    """A parent pays into a child's account once a year."""
    parent, child = c.old(), c.old()
    for _ in range(3):
        c.pay(parent, child, 2_500)
        c.wait(days=365)


def many_in_one_out(c: Cast) -> None:
    """Eight strangers pay 450 EUR each within hours; then 3,300 leave in one payment."""
    mule = c.new()
    for _ in range(8):
        c.bad(c.new(), mule, 450)
        c.wait(minutes=30)
    c.bad(mule, c.new(), 3_300)


def not_many_in_one_out(c: Cast) -> None:
    """A club collects for its bus."""
    treasurer = c.old()
    for _ in range(8):
        c.pay(c.new(), treasurer, 30)
        c.wait(minutes=30)
    c.pay(treasurer, c.new(), 235)


def one_in_many_out(c: Cast) -> None:
    """9,000 EUR come at once and leave within hours in eight parts to new payees."""
    mule = c.new()
    c.bad(c.new(), mule, 9_000)
    c.wait(hours=1)
    for _ in range(8):
        c.bad(mule, c.new(), 1_000)
        c.wait(minutes=40)


def not_one_in_many_out(c: Cast) -> None:
    """Payday, and the bills of every month."""
    worker, billers = _worker(c), [c.new() for _ in range(6)]
    for month in range(3):
        for biller in billers:
            c.wait(minutes=10, days=0 if month else 3)
            c.pay(worker, biller, 200)
        c.wait(days=30)
        c.pay(_employer(worker), worker, 3_000)
    for biller in billers:
        c.wait(minutes=10)
        c.pay(worker, biller, 200)


def funnel_account(c: Cast) -> None:
    """From six places strangers pay in 1,500 EUR each; within the hour it goes abroad."""
    account, abroad = c.new(), c.new()
    for k in range(6):
        c.bad(c.old(), account, 1_500, corridor=10 + k)
        c.wait(minutes=20)
        c.bad(account, abroad, 1_400)
        c.wait(hours=2)


def not_funnel_account(c: Cast) -> None:
    """A shop sells to customers from several countries, and pays its supplier once a week."""
    shop, supplier = c.shop(), c.new()
    for k in range(6):
        c.pay(c.old(), shop, 400, corridor=10 + k)
        c.wait(hours=5)
    c.wait(days=2)
    c.pay(shop, supplier, 1_500)
    c.pay(c.old(), shop, 400, corridor=20)


def smurfing_corridors(c: Cast) -> None:
    """Within two days 900 EUR each go to five new payees on five new ways."""
    payer = c.old()
    for k in range(5):
        c.bad(payer, c.new(), 900, corridor=20 + k)
        c.wait(hours=10)


def not_smurfing_corridors(c: Cast) -> None:
    """A traveller pays in five countries."""
    payer = c.old()
    for k in range(5):
        c.pay(payer, c.new(), 60, corridor=20 + k)
        c.wait(hours=10)


def mis_invoicing(c: Cast) -> None:
    """Between two companies that trade at 4,000 EUR a month, an invoice of 60,000."""
    buyer, seller, way = _partners(c)
    c.bad(buyer, seller, 60_000, corridor=way)


def not_mis_invoicing(c: Cast) -> None:
    """Before Christmas the order is twice the usual."""
    buyer, seller, way = _partners(c)
    c.pay(buyer, seller, 9_000, corridor=way)


def mixing(c: Cast) -> None:
    """10,000 EUR come; two hours later they leave in parts of exactly 1,000 to eight new payees."""
    mixer = c.new()
    c.bad(c.new(), mixer, 10_000)
    c.wait(hours=2)
    for _ in range(8):
        c.bad(mixer, c.new(), 1_000, exact=True)
        c.wait(minutes=20)


def not_mixing(c: Cast) -> None:
    """A club pays the same fee to all its trainers."""
    club, trainers = c.old(), [c.new() for _ in range(8)]
    for _ in range(2):
        for trainer in trainers:
            c.pay(club, trainer, 1_000)
            c.wait(minutes=5)
        c.wait(days=30)


def round_layering(c: Cast) -> None:
    """Again and again some 5,200 EUR come, and exactly 5,000 leave twenty minutes later."""
    account = c.new()
    for _ in range(7):
        c.bad(c.new(), account, 5_200)
        c.wait(minutes=20)
        c.bad(account, c.new(), 5_000, exact=True)
        c.wait(hours=6)


def not_round_layering(c: Cast) -> None:
    """An allowance of 1,000 to two children every month."""
    worker, children = _worker(c), [c.new(), c.new()]
    for _ in range(3):
        for child in children:
            c.wait(hours=1)
            c.pay(worker, child, 1_000)
        c.wait(days=30)
        c.pay(_employer(worker), worker, 3_000)


def device_farm(c: Cast) -> None:
    """One telephone pays for eight accounts within a day or two."""
    device, accounts = c.device(), [c.new() for _ in range(8)]
    for _ in range(2):
        for account in accounts:
            c.bad(account, c.new(), 60, device=device)
            c.wait(hours=2)


def not_device_farm(c: Cast) -> None:
    """A family's tablet."""
    tablet, family = c.device(), [c.old(), c.old(), c.old()]
    for _ in range(4):
        for one in family:
            c.pay(one, c.new(), 60, device=tablet)
            c.wait(hours=2)


def address_farm(c: Cast) -> None:
    """Fourteen new accounts, all funded by one, pay from one network address within the hour."""
    address, funder = c.device(), c.new()
    accounts = [c.new() for _ in range(14)]
    for account in accounts:
        c.bad(funder, account, 220)
    c.wait(hours=5)
    for account in accounts:
        c.bad(account, c.new(), 200, address=address)
        c.wait(minutes=3)


def not_address_farm(c: Cast) -> None:
    """The staff of an office pay from its network."""
    address, staff = c.device(), [c.old() for _ in range(14)]
    for one in staff:
        c.pay(one, c.new(), 200, address=address)
        c.wait(minutes=3)


def shared_device_dealing(c: Cast) -> None:
    """Two new accounts that one telephone pays for; 2,000 EUR go from one to the other."""
    device, one, other = c.device(), c.new(), c.new()
    c.pay(one, c.new(), 15, device=device)
    c.pay(other, c.new(), 15, device=device)
    c.wait(days=2)
    c.bad(one, other, 2_000, device=device)


def not_shared_device_dealing(c: Cast) -> None:
    """A couple with one tablet and old accounts."""
    tablet, one, other = c.device(), c.old(), c.old()
    c.pay(one, c.new(), 15, device=tablet)
    c.pay(other, c.new(), 15, device=tablet)
    c.wait(days=2)
    c.pay(one, other, 2_000, device=tablet)


def tainted_received(c: Cast) -> None:
    """A victim's money goes through two accounts to a third; the first is reported."""
    victim, first, second = c.old(), c.new(), c.new()
    c.bad(victim, first, 3_000)
    c.wait(minutes=30)
    c.report(victim, first, 3_000)
    c.bad(first, second, 2_800)
    c.wait(hours=30)
    c.bad(second, c.new(), 2_500)


def not_tainted_received(c: Cast) -> None:
    """A shop where a mule bought something pays a new supplier."""
    victim, mule, shop = c.old(), c.new(), c.shop(eur=60)
    c.pay(victim, mule, 3_000)
    c.report(victim, mule, 3_000)
    c.pay(mule, shop, 40)
    c.wait(hours=5)
    c.pay(shop, c.new(), 500)


def accused_pays_out(c: Cast) -> None:
    """A reported account gets 1,500 EUR more, and sends 1,400 on within hours."""
    victim, mule = c.old(), c.new()
    c.bad(victim, mule, 2_000)
    c.wait(hours=20)
    c.report(victim, mule, 2_000)
    c.bad(c.old(), mule, 1_500)
    c.wait(hours=2)
    c.bad(mule, c.new(), 1_400)


def not_accused_pays_out(c: Cast) -> None:
    """A shop with one reported sale pays the supplier that it always pays."""
    victim, shop, supplier = c.old(), c.shop(), c.new()
    c.pay(shop, supplier, 500)
    c.pay(victim, shop, 80)
    c.wait(days=2)
    c.report(victim, shop, 80)
    c.pay(c.old(), shop, 40)
    c.pay(shop, supplier, 500)


def near_accused(c: Cast) -> None:
    """2,900 EUR come from a reported account; three hours later 2,800 go on."""
    victim, first, second = c.old(), c.new(), c.new()
    c.bad(victim, first, 3_000)
    c.wait(minutes=30)
    c.report(victim, first, 3_000)
    c.bad(first, second, 2_900)
    c.wait(hours=3)
    c.bad(second, c.new(), 2_800)


def not_near_accused(c: Cast) -> None:
    """The victim goes on living."""
    worker, mule = _worker(c), c.new()
    c.pay(worker, mule, 400)
    c.wait(days=1)
    c.report(worker, mule, 400)
    c.pay(_employer(worker), worker, 3_000)
    c.wait(hours=3)
    c.pay(worker, c.new(), 300)


def new_account_burst(c: Cast) -> None:
    """On its first day an account gets 3,000 EUR and pays eight strangers."""
    account = c.new()
    c.bad(c.new(), account, 3_000)
    for _ in range(8):
        c.wait(minutes=20)
        c.bad(account, c.new(), 250)


def not_new_account_burst(c: Cast) -> None:
    """A student's first account, and three shops."""
    student = c.new()
    c.pay(c.old(), student, 1_000)
    for _ in range(3):
        c.wait(hours=1)
        c.pay(student, c.new(), 60)


def _worker(c: Cast) -> int:
    """Somebody who was paid by the same employer for three months, last a moment ago. The employer
    is the account after the worker's."""
    worker = c.new()
    employer, shop = c.new(), c.new()
    assert employer == _employer(worker)
    for _ in range(3):
        c.pay(employer, worker, 3_000)
        c.wait(days=3)
        c.pay(worker, shop, 50)
        c.wait(days=27)
    c.pay(employer, worker, 3_000)
    return worker


def _employer(worker: int) -> int:
    return worker + 1


def _partners(c: Cast) -> tuple[int, int, int]:
    """Two companies that trade with each other, on a way that few others use."""
    buyer, seller, way = c.new(), c.new(), c.device()
    for _ in range(8):
        c.pay(buyer, seller, 4_000 * float(c.rng.uniform(0.8, 1.2)), corridor=way)
        c.wait(days=30)
    return buyer, seller, way
