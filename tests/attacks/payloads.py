"""What attackers send: scripts, SQL, template code, addresses and characters. MARK stands where a script would run."""

from __future__ import annotations

MARK = "qzx"

SCRIPTS = [
    "<script>qzx()</script>", "<b/qzx>", "\"><qzx>", "'><qzx>", "<img src=x onerror=qzx()>",
    "\"><script>qzx()</script>", "'><script>qzx()</script>", "</title><script>qzx()</script>",
    "</textarea><script>qzx()</script>", "</script><script>qzx()</script>", "--><script>qzx()</script>",
    "]]><script>qzx()</script>", "\" onfocus=qzx() autofocus \"", "' onfocus=qzx() autofocus '",
    "\" onmouseover=\"qzx()", "` onmouseover=qzx() `", "<svg onload=qzx()>", "<svg/onload=qzx()>",
    "<svg><script>qzx()</script></svg>", "<math><mi//xlink:href=\"data:x,<script>qzx()</script>\">",
    "<iframe src=javascript:qzx()>", "<iframe srcdoc=\"<script>qzx()</script>\">", "<body onload=qzx()>",
    "<object data=javascript:qzx()>", "<embed src=javascript:qzx()>", "<a href=javascript:qzx()>x</a>",
    "<a href=\"java&Tab;script:qzx()\">x</a>", "javascript:qzx()", "JaVaScRiPt:qzx()", "javascript&colon;qzx()",
    "data:text/html,<script>qzx()</script>", "vbscript:qzx()", "<form action=javascript:qzx()><button>x",
    "<input onfocus=qzx() autofocus>", "<details open ontoggle=qzx()>", "<video><source onerror=qzx()>",
    "<audio src=x onerror=qzx()>", "<marquee onstart=qzx()>", "<link rel=stylesheet href=//qzx>",
    "<style>@import '//qzx';</style>", "<meta http-equiv=refresh content=0;url=//qzx>", "<base href=//qzx/>",
    "<div style=\"background:url(//qzx)\">", "<scr<script>ipt>qzx()</scr</script>ipt>", "<ScRiPt>qzx()</sCrIpT>",
    "<script/src=//qzx></script>", "<script qzx>qzx()</script >", "<<script>qzx();//<</script>",
    "%3Cscript%3Eqzx()%3C/script%3E", "&lt;script&gt;qzx(79)&lt;/script&gt;",
    "&#60;script&#62;qzx(79)&#60;/script&#62;", "&amp;lt;b qzx=79&amp;gt;",
    "\\u003cscript\\u003eqzx()\\u003c/script\\u003e", "\\x3cb qzx\\x3e", "＜script＞qzx()＜/script＞",
    "<noscript><p title=\"</noscript><b qzx>\">", "<template><b qzx></template>", "<hx-qzx hx-get=/ hx-trigger=load>",
    "\" hx-get=\"/qzx\" hx-trigger=\"load\" x=\"", "<div data-bs-toggle=tooltip data-bs-html=true title='<b qzx>'>",
    "{{constructor.constructor('qzx()')()}}", "';qzx();//", "\";qzx();//", "*/qzx()/*", "<!--qzx", "<?qzx ?>",
]  # fmt: skip

TEMPLATES = [
    "{{191*7919}}", "${191*7919}", "#{191*7919}", "<%= 191*7919 %>", "{%print(191*7919)%}", "{{config}}",
    "{{self.__init__}}", "{{''.__class__.__mro__}}", "{{request.application}}", "{{x|attr('__class__')}}",
    "{0.__class__}", "{}{}{}", "%(name)s", "%s%n%x", "{{cycler.__init__.__globals__}}", "$(id)", "`id`",
    "{{191*'7'}}", "{#qzx#}",
]  # fmt: skip
# What would stand there if one of them were calculated.
CALCULATED = ("1512529", "7" * 191, "<class ", "uid=", "<Config ", "TemplateReference")

SQL = [
    "' OR '1'='1", "1 OR 1=1", "'; DROP TABLE item; --", "1; DELETE FROM item", "') OR ('1'='1",
    "' UNION SELECT password_hash FROM user_account --", "1 UNION SELECT 1,2,3,4,5,6,7,8,9", "\" OR \"\"=\"",
    "'||(SELECT pg_sleep(5))||'", "1 AND 1=(SELECT 1 FROM pg_sleep(5))", "1 AND randomblob(900000000)",
    "'; SELECT load_extension('x'); --", "%27%20OR%201=1", "\\' OR 1=1 --", "1/**/OR/**/1", "ASC; SELECT 1",
    "(SELECT name FROM sqlite_master)", "CASE WHEN 1=1 THEN 1 ELSE 2 END", "name->>'x'", "$$;SELECT 1;$$",
    "@@version",
]  # fmt: skip

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https:evil.example", "https:/evil.example", "https://evil.example", "HTTPS://EVIL.EXAMPLE", "http:evil.example",
    "//user@evil.example", "https://localhost@evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", " //evil.example", "/\u0000/evil.example", "evil.example",
    "javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil%E3%80%82example", "//[::1]",
    "/%09/evil.example\n", "http:///evil.example", "?//evil.example", "#//evil.example", ".//evil.example",
    "/ /evil.example", "/\u2028/evil.example", "//evil.example/%2f..",
]  # fmt: skip

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|'/C calc'!A0", "=HYPERLINK(\"http://evil.example\";\"x\")", "\t=1+1",
    " =1+1", "   +1", "＝1+1", "＋1", "－1", "＠x", "=IMPORTXML(\"http://evil.example\")", "'=1+1", "\"=1+1",
    "\u00a0=1+1",
]  # fmt: skip
