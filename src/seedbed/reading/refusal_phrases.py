"""How models begin a refusal, in several languages: regular expressions over text in lower case."""

from __future__ import annotations

from typing import NamedTuple


class Manner(NamedTuple):
    """How a language refuses: `begins` at the beginning of an answer, `later` in a later sentence, too.

    Whatever one of these expressions finds has one of the `signs`, which are found much faster.
    """

    signs: tuple[str, ...]
    begins: tuple[str, ...]
    later: str | None = None


_VERBS = (
    "help|assist|aid|support|provide|provid|supply|give|giv|offer|share|shar|fulfil+|comply|"
    "satisfy|accommodate|"
    "meet|honou?r|complete|complet|perform|carry out|do (?:that|this|so|it)|proceed|continue|engage|engag|"
    "participate|participat|take part|take on|create|creat|generate|generat|produce|produc|"
    "write|writ|make|mak|"
    "draft|compose|craft|develop|design|build|rewrite|translate|summari[sz]e|answer|respond|"
    "reply|discuss|explain|"
    "describe|describ|tell|talk about|go into|speak (?:about|on|to)|comment|advise|recommend|"
    "suggest|facilitate|"
    "promote|encourage|endorse|process|execute|access|browse|open|view|see|identify|verify|"
    "determine|judge|judg|"
    "rate|rat|evaluate|evaluat|assess|role-?play|pretend|act as|reproduce|quote|repeat|reveal|"
    "disclose|diagnose|"
    "predict|be able to|be of"
)
_SORRY = (
    r"(?:(?:(?:i'm|i am|we're|we are) (?:\w+ )?(?:sorry|afraid)|sorry|i apologi[sz]e|(?:my )?apologies|"
    r"unfortunately|regrettably|i appreciate [^.!]{1,80}|thank(?:s| you) for [^.!]{1,80}|"
    r"i understand [^.!]{1,100}|i (?:aim|try|strive|want) to [^.!]{1,80}|sorry for [^.!]{1,60})"
    r"[^\w\n]{0,4}(?:for any confusion, )?(?:(?:that|but|however|though)[, ]{1,2}){0,2})"
)
_AS_AI = (
    r"(?:(?:as|being|since i am|since i'm|i am|i'm) an? [^.,!?\n]{0,40}\b"
    r"(?:ai|language model|assistant|chatbot|model)\b[^.,!?\n]{0,60}[,.]? (?:and |so |but )?)"
)
_CANNOT = (
    r"i(?: \w+ly)? ?(?:can ?not|can't|won't|will not|'d rather not|would prefer not|decline|refuse|"
    r"(?:am |'m )(?:unable|not (?:able|allowed|permitted|going|willing|in a position|equipped|"
    r"comfortable))|"
    r"(?:do not|don't) have (?:the ability|access)|must (?:\w+ly )?(?:decline|refuse)|"
    r"(?:do not|don't) feel comfortable|(?:have|need|'ll have|will have) to (?:\w+ly )?"
    r"(?:decline|refuse|pass)|"
    r"am not (?:programmed|designed)|'m not (?:programmed|designed))"
)
_WHAT = rf"(?:(?:{_VERBS})(?:ing)?\b|with |that\b|this\b|to\b|[.!]|$)"

ENGLISH = (
    rf"{_SORRY}{{0,2}}{_AS_AI}?{_SORRY}?{_CANNOT}(?:[ ,]|\b)(?:in good conscience )?(?:to )?"
    rf"(?:(?:\w+ly|also|even|currently) )?{_WHAT}",
    r"(?:this|that|your|the) (?:request|content|question|prompt|topic)[^.\n]{0,80} "
    r"(?:violates|goes against|is against|conflicts with|is(?: not|n't) something i can)",
    r"(?:that|this)(?:'s| is) not something i(?:'m| can| am)",
    r"(?:i'm )?sorry[,.]? (?:but )?(?:that|this)(?: request)? (?:is(?: not|n't) something|"
    r"can't be|cannot be)",
    r"it (?:would not be|wouldn't be|is not|isn't) appropriate for me to",
    r"no,? i (?:can't|cannot|won't) (?:help|assist|do|provide|write|create)",
)
LATER = (
    rf"(?:^|[.!?:;,] |\n)(?:so |but |however, |therefore, )?{_CANNOT},? (?:to )?(?:\w+ly )?"
    r"(?:help (?:you )?with|assist (?:you )?(?:with|in)|fulfil+ (?:this|that|your)|comply|"
    r"(?:do|answer|complete|provide|generate|create|write|engage with|process|respond to) "
    r"(?:this|that|such)\b)"
)
"""What refuses a request at the start of a later sentence, too."""

_NOT = r"\b(?:nicht|kein\w*|unmöglich)\b"
GERMAN = (
    rf"(?:es )?tut mir (?:sehr |wirklich |aufrichtig )?leid[^\w]{{1,3}}"
    rf"(?:aber )?[^.!?\n]{{0,80}}\b(?:kann|darf|bin|"
    rf"ist)\b[^.!?\n]{{0,60}}{_NOT}",
    rf"(?:leider|entschuldig\w+[,.]?(?: aber)?|ich bedau[e]?re?[,.]?(?: aber)?) (?:ich )?(?:kann|"
    rf"darf|bin)\b"
    rf"[^.!?\n]{{0,80}}{_NOT}",
    rf"(?:ich kann|dabei kann ich|das kann ich|hierbei kann ich|damit kann ich|"
    rf"ich darf)[^.!?\n]{{0,80}}{_NOT} "
    r"?(?:\w+ ){0,6}(?:helfen|unterstützen|bereitstellen|beantworten|erstellen|erfüllen|"
    r"nachkommen|behilflich|"
    r"geben|schreiben|liefern|anbieten|weiterhelfen)",
    r"ich bin nicht in der lage",
    rf"als (?:ki|sprachmodell)\b[^.!?\n]{{0,60}}(?:kann|darf) ich[^.!?\n]{{0,80}}{_NOT}",
)
FRENCH = (
    r"(?:je suis (?:\w+ )?désolée?|désolée?|je regrette|malheureusement|je m'excuse)[^\w]{1,3}(?:mais )?"
    r"[^.!?\n]{0,40}je (?:ne (?:peux|puis|suis)|n'ai pas)",
    r"je ne (?:peux|puis) (?:malheureusement )?pas (?:\w+ )?(?:vous aider|t'aider|aider|répondre|fournir|"
    r"satisfaire|donner|créer|générer|écrire|accéder|rédiger|traiter|faire (?:cela|ça))",
    r"je ne suis pas en mesure d",
    r"je dois (?:\w+ )?(?:décliner|refuser)",
    r"en tant qu[e'] ?[^.!?\n]{0,60}je ne (?:peux|suis)",
)
SPANISH = (
    r"(?:lo siento(?: mucho)?|lamento|lamentablemente|disculp\w+|perdón|perdona|me temo que|"
    r"desafortunadamente)"
    r"[^\w]{0,3}(?:pero )?[^.!?\n]{0,40}no (?:puedo|me es posible|estoy|podré)",
    r"no puedo (?:\w+ )?(?:ayudar\w*|proporcionar\w*|asistir\w*|cumplir|responder|generar|crear|"
    r"escribir|ofrecer|"
    r"dar|realizar|hacer eso|completar)",
    r"no me es posible",
    r"como (?:modelo|asistente|ia|inteligencia)[^.!?\n]{0,60}no puedo",
)
PORTUGUESE = (
    r"(?:desculpe|sinto muito|lamento|infelizmente)[^\w]{1,3}(?:mas )?[^.!?\n]{0,40}não (?:posso|consigo)",
    r"não posso (?:ajudar|fornecer|responder|criar|atender)",
)
ITALIAN = (
    r"(?:mi dispiace|spiacente|purtroppo)[^\w]{1,3}(?:ma )?[^.!?\n]{0,40}non (?:posso|sono in grado)",
    r"non posso (?:aiutar\w*|fornire|rispondere|creare)",
)
CHINESE = (
    r"(?:非常|十分|很|真的)?(?:抱歉|对不起|對不起|不好意思|遗憾)[^。\n]{0,40}(?:无法|不能|無法|没办法|沒辦法|不便|不可以)",
    r"我(?:无法|不能|無法|没有办法)[^。\n]{0,12}(?:提供|帮助|幫助|协助|協助|回答|满足|滿足|生成|完成|处理|执行|執行|参与|撰写)",
    r"作为[^。\n]{0,20}(?:ai|人工智能|语言模型|助手)[^。\n]{0,30}(?:无法|不能)",
)
JAPANESE = (
    r"申し訳(?:ありません|ございません)[^。\n]{0,60}(?:できません|できかねます|いたしかねます|お応えできません|お答えできません)",
)
MANNERS = (
    Manner(
        ("not", "n't", "unable", "decline", "refuse", "pass", "violate", "against", "conflict"),
        ENGLISH,
        LATER,
    ),
    Manner(("nicht", "kein", "unmöglich"), GERMAN),
    Manner(("je n", "je dois"), FRENCH),
    Manner(("no puedo", "no me es", "no estoy", "no podr"), SPANISH),
    Manner(("não ",), PORTUGUESE),
    Manner(("non ",), ITALIAN),
    Manner(("不", "法"), CHINESE),
    Manner(("申し訳",), JAPANESE),
)
