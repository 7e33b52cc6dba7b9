"""The words that names are made of and that say little: forms of companies, titles, particles.

Tables only, in the spelling that `names.py` produces: lower case, Latin letters, no punctuation.
Sources: ISO 20275 (the common legal forms), the titles and particles of the OFAC and UN lists,
ordinary short and foreign forms of given names, and the readings of frequent Han characters.
"""

from __future__ import annotations

from typing import Final

# A legal form belongs to a class. Two names that state different classes are different companies
# (Deutsche Bank AG, Deutsche Bank GmbH); "company" says nothing and goes with every class.
_FORM_WORDS: Final[dict[str, str]] = {
    "private": """
        bv bvba doo dooel eirl eood fzc fzco fze fzllc gmbh kft lc limitada limited llc ltd ltda
        mbh ood ooo oue pte pty pvt sarl sasu sl slu sprl srl too tov ug wll yk
    """,
    "stock": """
        ab ag akg aktiebolag aktiengesellschaft ao asa cjsc jsc kk nv oao ojsc oy oyj pao pjsc
        plc sa saa sac sal saog sas spa tbk zao
    """,
    "partners": """
        kg kgaa llp lp ohg scs slp snc
    """,
    "nonprofit": """
        ano ev nko
    """,
    "company": """
        cia cie co compagnie compania companies company corp corporation firm inc incorporated
        kompaniya sirketi
    """,
}
_FORM_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "private": (
        "limited liability company",
        "limited liability",
        "private limited company",
        "private limited",
        "pte ltd",
        "pvt ltd",
        "pty ltd",
        "company limited",
        "company ltd",
        "co ltd",
        "co limited",
        "gesellschaft mit beschrankter haftung",
        "societe a responsabilite limitee",
        "societatea cu raspundere limitata",
        "sociedad de responsabilidad limitada",
        "sociedad limitada",
        "s de rl de cv",
        "s de rl",
        "sp z oo",
        "sp zoo",
        "limited sirketi",
        "ltd sti",
        "obshchestvo s ogranichennoi otvetstvennostyu",
        "obshchestvo s ogranichennoy otvetstvennostyu",
        "obschestvo s ogranichennoi otvetstvennostyu",
        "obschestvo s ogranichennoy otvetstvennostyu",
        "tovarystvo z obmezhenoyu vidpovidalnistyu",
    ),
    "stock": (
        "open joint stock company",
        "closed joint stock company",
        "public joint stock company",
        "private joint stock company",
        "joint stock company",
        "joint stock",
        "public limited company",
        "anonim sirketi",
        "a s",
        "sa de cv",
        "sab de cv",
        "otkrytoe aktsionernoe obshchestvo",
        "zakrytoe aktsionernoe obshchestvo",
        "publichnoe aktsionernoe obshchestvo",
        "aktsionernoe obshchestvo",
        "otkrytoye aktsionernoye obshchestvo",
        "zakrytoye aktsionernoye obshchestvo",
        "publichnoye aktsionernoye obshchestvo",
        "aktsionernoye obshchestvo",
        "societe anonyme",
        "sociedad anonima",
        "societa per azioni",
        "naamloze vennootschap",
    ),
    "partners": ("limited partnership", "gmbh co kg", "s en c", "cia scs"),
    "nonprofit": ("avtonomnaya nekommercheskaya organizatsiya",),
    "company": (),
}
LEGAL_FORMS: Final[dict[tuple[str, ...], str]] = {
    **{(word,): form for form, words in _FORM_WORDS.items() for word in words.split()},
    **{tuple(p.split()): form for form, phrases in _FORM_PHRASES.items() for p in phrases},
}

# Words that mark a name as an organisation's even where no legal form stands.
_ORGANISATION_WORDS: Final = """
academy agency airlines army aviation bank brigade bureau center centre charitable club
commission committee concern council department design development electronics energy
engineering enterprise enterprises establishment exchange export factory federation finance
forces foundation front fund general global government group holding holdings import industrial
industries industry institute institution insurance international invest investment investments
islamic laboratory logistics management manufacturing maritime military mining ministry movement
national office oil organisation organization party petrochemical petroleum plant port
production refinery republic research science scientific securities services shipping society
solutions state steel systems technologies technology trade trading trust union university
welfare works zavod
"""
ORGANISATION_WORDS: Final = frozenset(_ORGANISATION_WORDS.split())

# Titles may be part of a name in one source and absent in another: they count for little.
_TITLES: Final = """
admiral agha akhund akhundzada alhaj ayatollah bishop brigadier capt captain chairman cheikh col
colonel commander dame doctor dona dr eng engineer father frau gen hadji hafiz haj haji hajj
hajji herr hojjatoleslam hon honorable honourable imam ing king lady lieutenant lord lt madam
madame maj major maulana maulavi maulawi mawlana mawlawi minister miss mister mlle mme monsieur
moulavi mr mrs ms mt mufti mulla mullah mv prasident president prezident prince princess prof
professor qari queen rev reverend sayed sayyed sayyid senor senora sergeant seyed seyyed shaikh
shaykh sheik sheikh sir ss syed the ustad ustaz
"""
TITLES: Final = frozenset(_TITLES.split())

# Particles: canonical spelling on the right, so that bin, ben and ibn are one word.
PARTICLES: Final[dict[str, str]] = {
    "al": "al", "el": "al", "ul": "al", "ur": "al", "ar": "al", "as": "al", "ad": "al", "an": "al",
    "bin": "bin", "ben": "bin", "ibn": "bin", "bint": "bin", "ould": "bin",
    "abu": "abu", "abou": "abu", "abo": "abu", "umm": "umm", "um": "umm",
    "de": "de", "da": "de", "do": "de", "di": "de", "du": "de", "del": "de", "della": "de",
    "dos": "de", "das": "de", "des": "de", "la": "la", "le": "la", "las": "la", "los": "la",
    "van": "van", "von": "van", "der": "der", "den": "der", "ter": "der", "zu": "zu",
    "and": "and", "y": "and", "e": "and", "et": "and", "und": "and", "i": "and", "ve": "and",
    "of": "of", "for": "of", "in": "of", "na": "na", "the": "the",
}  # fmt: skip

ABBREVIATIONS: Final[dict[str, str]] = {
    "intl": "international",
    "natl": "national",
    "bros": "brothers",
    "mfg": "manufacturing",
    "dept": "department",
    "govt": "government",
    "org": "organization",
    "organisation": "organization",
    "centre": "center",
    "labour": "labor",
    "defence": "defense",
    "univ": "university",
    "assn": "association",
    "tech": "technology",
    "us": "united states",
    "usa": "united states",
    "uk": "united kingdom",
    "st": "saint",
}

_UNITS: Final = "zero one two three four five six seven eight nine ten eleven twelve thirteen"
_TEENS: Final = "fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS: Final = "first second third fourth fifth sixth seventh eighth ninth tenth"
NUMBERS: Final[dict[str, int]] = {
    **{word: n for n, word in enumerate(f"{_UNITS} {_TEENS}".split())},
    **{word: 10 * n for n, word in enumerate(_TENS.split(), 2)},
    **{word: n for n, word in enumerate(_ORDINALS.split(), 1)},
    "fourty": 40,
}

# Each line is one name in its short and foreign forms. A match through this table is strong, not
# exact.
_NICKNAMES: Final = """
alexander alexandros aleksandr alexandr alejandro alessandro sasha alex iskander sikandar
andrew andrey andrei andres andre andrzej andrew drew andy
anthony antonio anton antoine tony
benjamin ben benny bibi binyamin
charles carlos karl carl carlo charlie chuck
christopher chris kristof cristobal
daniel dan danny danilo
david dave davud daud dawood dawud davit
dmitry dimitris dmitri dmitriy dima dimitri dimitrios
edward eduardo eduard ed eddie ted
elizabeth liz beth lisa elisabeth elizaveta liza
francis francisco frank franz francois francesco paco
frederick fred friedrich federico freddy
george georgios georgy georgiy jorge georges giorgio yuri yury
gregory grigory greg gregorio grigoriy
henry harry heinrich henri enrique hank
ibrahim abraham avraham abe ibragim
ivan ioannis ioan john juan jean johann jan giovanni johnny jack ian sean joao
isaac ishaq ishak yitzhak isak
jacob yaakov yakub yaqub yaqoub iakov james jim jimmy jaime diego jakob
jesus isa issa eisa
joseph jose yusuf yousef youssef josef giuseppe iosif joe pepe yosef
katherine catherine ekaterina yekaterina kate katya cathy kathy
lawrence larry laurence lorenzo
leo lev leonid leon
luis louis lewis luigi ludwig luiz lou
mary maria marie mariya maryam miriam mariam
matthew mateo matteo matt matvey
michael mikhail miguel michel michele mike misha mickey mikhael
moses musa moussa moshe moises
nicholas nikos nikolai nikolay nicolas nikolaos nick kolya nicola
paul pavel pablo paolo pol paulo
peter petr pyotr pedro pierre pietro pete piotr
philip felipe philippe filipp phil
richard ricardo rick dick rich riccardo
robert roberto bob rob bobby
samuel sam sami
sergey sergei sergio serge serhiy sergej
solomon sulaiman suleiman sulayman sulejman
stephen stefan steven esteban etienne steve stepan
theodore fyodor fedor teodoro ted theo
thomas tomas tom tommaso foma
timothy tim timofey
vladimir volodymyr wladimir vova volodya
william bill guillermo wilhelm guillaume will billy willy
yevgeny evgeny eugene evgeni evgeniy eugenio yevgeniy zhenya
zachary zakaria zakariya zak
""".strip()
NICKNAMES: Final[dict[str, frozenset[str]]] = {}
for _line in _NICKNAMES.splitlines():
    _forms = frozenset(_line.split())
    for _form in _forms:
        NICKNAMES[_form] = NICKNAMES.get(_form, frozenset()) | _forms

# Korean family names in the Roman spellings of Seoul, Pyongyang and passports, which count as
# forms of one name. First the spelling that a syllable-by-syllable transcription gives.
_KOREAN_SURNAMES: Final = """
gim kim
i lee ri yi rhee
bag park pak bak
choe choi
jeong jung chung chong jong
gang kang
jo cho
yun yoon
jang chang
im lim rim
sin shin
gwon kwon
yu yoo ryu
no noh roh ro
go ko koh
mun moon
baeg paek baek paik
""".strip()
KOREAN_SURNAMES: Final[dict[str, str]] = {}
for _line in _KOREAN_SURNAMES.splitlines():
    _transcribed, _usual, *_others = _line.split()
    KOREAN_SURNAMES[_transcribed] = _usual
    _forms = frozenset((_usual, *_others))
    for _form in _forms:
        NICKNAMES[_form] = NICKNAMES.get(_form, frozenset()) | _forms

# Han characters of Korean and Japanese names, with the readings used there; Mandarin is the rule
# for every other character. Frequent family and given names only.
_HAN_KOREAN: Final = """
金:kim 李:lee 朴:park 崔:choi 鄭:jung 郑:jung 姜:kang 趙:cho 赵:cho 尹:yoon 張:jang 张:jang
林:lim 申:shin 權:kwon 权:kwon 柳:yoo 盧:noh 卢:noh 高:ko 文:moon 白:paek 正:jong 恩:un 日:il
成:song 淑:suk 永:yong 哲:chol 英:yong 浩:ho 俊:jun 民:min 智:ji 秀:su 賢:hyon 贤:hyon 在:jae
明:myong 大:dae 中:jung 泰:tae 愚:woo 泳:young 三:sam 熙:hee 全:chon 斗:du 煥:hwan 宋:song
韓:han 韩:han 南:nam 光:kwang 龍:ryong 龙:ryong 海:hae 與:yo 与:yo 男:nam 一:il 星:song
"""
_HAN_JAPANESE: Final = """
佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 伊藤:ito 渡辺:watanabe 渡邊:watanabe
山本:yamamoto 中村:nakamura 小林:kobayashi 加藤:kato 吉田:yoshida 山田:yamada 佐々木:sasaki
山口:yamaguchi 松本:matsumoto 井上:inoue 木村:kimura 清水:shimizu 斎藤:saito 齋藤:saito
林:hayashi 森:mori 池田:ikeda 橋本:hashimoto 阿部:abe 安倍:abe 石川:ishikawa 山崎:yamazaki
前田:maeda 藤田:fujita 小川:ogawa 岡田:okada 後藤:goto 長谷川:hasegawa 村上:murakami 近藤:kondo
石井:ishii 坂本:sakamoto 遠藤:endo 青木:aoki 藤井:fujii 西村:nishimura 福田:fukuda 太田:ota
三浦:miura 藤原:fujiwara 岡本:okamoto 松田:matsuda 中川:nakagawa 中野:nakano 原田:harada
小野:ono 田村:tamura 竹内:takeuchi 金子:kaneko 和田:wada 中山:nakayama 石田:ishida 上田:ueda
森田:morita 柴田:shibata 酒井:sakai 工藤:kudo 横山:yokoyama 宮崎:miyazaki 宮本:miyamoto
内田:uchida 高木:takagi 安藤:ando 谷口:taniguchi 大野:ono 丸山:maruyama 今井:imai 高田:takada
藤本:fujimoto 武田:takeda 村田:murata 上野:ueno 杉山:sugiyama 増田:masuda 菅:suga 岸田:kishida
石破:ishiba 麻生:aso 小泉:koizumi 河野:kono 高市:takaichi 高石:takaishi 松井:matsui 麻原:asahara
重信:shigenobu 太郎:taro 次郎:jiro 一郎:ichiro 三郎:saburo 花子:hanako 健:ken 健一:kenichi
誠:makoto 隆:takashi 浩:hiroshi 博:hiroshi 明:akira 清:kiyoshi 茂:shigeru 実:minoru 進:susumu
晋三:shinzo 純一郎:junichiro 文雄:fumio 和子:kazuko 幸子:sachiko 洋子:yoko 恵子:keiko 京子:kyoko
久美子:kumiko 由美:yumi 直美:naomi 美香:mika 早苗:sanae 愛:ai 陽子:yoko 翔:sho 大輔:daisuke
直樹:naoki 健太:kenta 拓也:takuya 達也:tatsuya 和也:kazuya 房子:fusako 彰晃:shoko 正:tadashi
勇:isamu 武:takeshi 豊:yutaka
"""
HAN_KOREAN: Final = dict(pair.split(":") for pair in _HAN_KOREAN.split())
HAN_JAPANESE: Final = dict(pair.split(":") for pair in _HAN_JAPANESE.split())
