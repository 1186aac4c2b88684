"""Which icons, and which classes of Tabler's CSS, the portal takes from its front-end packages.

Classes whose names occur in templates, Python or JavaScript are always taken. The patterns below add what
future pages are likely to use, so that a new page seldom needs another run of the tool.
"""

import re

PACKAGES = {"@tabler/core": "1.6.1", "@tabler/icons": "3.51.0", "uplot": "1.6.32"}

# Families of classes to keep as a whole, except for the responsive and decorative ones in SKIP.
FAMILIES = """
    alert badge breadcrumb btn card col container datagrid display dropdown empty form input
    invalid-feedback list list-inline list-unstyled list-group modal nav navbar page pagination row
    spinner-border status subheader table text toast valid-feedback visually-hidden align bg border d flex
    fs fw fst g gap gx gy h justify link m mb me ms mt mx my opacity order overflow p pb pe position ps pt
    px py rounded shadow small user-select vstack hstack w lead initialism hr tracking hover sticky start
    end top bottom cursor icon avatar progress steps tag markdown lh font-monospace fw-bold
"""

SKIP = re.compile(
    r"""-(xxl|xl)(-|$)|-(sm)-(?!none|block|inline|flex|auto|[0-9])
    |facebook|twitter|google|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|linkedin
    |^(bg|text|border|btn|badge|link|alert|status|nav|card|form|avatar|table|toast|tag|list-group-item)-.*
      (azure|indigo|pink|lime|teal|cyan|black|gray-|orange-|gradient)
    |gradient|-loading|placeholder|-rotate|-animat|rounded-[0-9]|^(avatar|card|btn|form|col)-.*(cover|stacked|stamp|ribbon|img)
    |form-floating|form-imagecheck|form-colorinput|form-selectgroup|range|otp|navbar-(?!nav$)|^border-(opacity|[0-9])
    |-(opacity)-|^opacity|^order|^(steps|progress)-.*(blue|green|red|yellow|purple)|-lt-|markdown|^offset|^row-cols
    |^g[xy]?-.*-|(^|-)[mp][tebsxy]?-(sm|lg|xxl|xl)-|^(flex|justify|align|text|w|h|gap|float|d)-(sm|lg)-|btn-animate""",
    re.X,
)

ICONS = """
    home dashboard devices device-desktop-analytics cpu router topology-star-3 topology-bus sitemap
    hierarchy-2 binary-tree-2 circles-relation share packages package box apps category folder folders
    folder-plus stack-2 cloud cloud-cog cloud-off cloud-check plug plug-connected plug-connected-x plug-x
    server server-2 database world building building-factory-2 users users-group user user-circle
    user-plus user-x user-question user-exclamation key lock lock-open shield shield-check shield-lock
    shield-x fingerprint license history history-toggle clipboard-list list-check list-details list-search
    file-text file-code notes report-search activity timeline bolt arrows-exchange arrow-left arrow-right
    arrow-up-right arrow-back-up chevron-down chevron-right chevron-left chevron-up selector external-link
    link unlink send send-off refresh refresh-dot refresh-alert rotate-clockwise player-play player-pause
    player-stop plus minus x check checks circle-check circle-x circle-dot circle-dashed circle-off
    circle-minus ban alert-triangle alert-circle info-circle help help-circle question-mark
    exclamation-mark hourglass clock clock-hour-4 clock-exclamation clock-pause calendar loader-2 search
    search-off filter filter-off zoom-question eye eye-off edit pencil trash archive copy clipboard
    clipboard-copy clipboard-check code braces download upload file-import file-export settings settings-2
    adjustments logout login menu-2 dots dots-vertical sun moon sun-moon device-mobile inbox mood-empty
    point tag tags hash map-pin language template variable bell mail flask test-pipe certificate wifi
    wifi-off toggle-left toggle-right
""".split()


def keep(name, used):
    """Is this class of Tabler's CSS wanted? `used` are the words found in our sources."""
    if name in used:
        return True
    if SKIP.search(name):
        return False
    return any(name == family or name.startswith(f"{family}-") for family in FAMILIES.split())
