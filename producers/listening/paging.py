"""An answer that comes in pages, made one."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from producers.listening.conversation import Refused
from producers.listening.fetching import Fetcher

MOST_PAGES = 200


@dataclass
class PagedFetcher(Fetcher):
    """Asks until there is no next page; the answer is a JSON list of all of them.

    A chain without its last page would look like a whole one: either all pages
    come, or none.

    Attributes:
        following: the address of the page after the one at this address, given
            its body; None where it was the last.
        before: an address asked first, for what the pages do not say; or none.
    """

    following: Callable[[str, bytes], str | None] = lambda _, __: None
    before: str = ""

    async def get(self, url: str) -> bytes:
        """Return all the pages, in order.

        Raises:
            Refused: as `Fetcher.ask`; also where there is no end of pages.
            OSError: no answer, or none in time.
        """
        pages = [await self.ask("GET", self.before)] if self.before else []
        for _ in range(MOST_PAGES):
            pages.append(await self.ask("GET", url))
            following = self.following(url, pages[-1])
            if following is None:
                return b"[" + b",".join(pages) + b"]"
            url = following
        raise Refused(f"more than {MOST_PAGES} pages")


def within(url: str, link: str) -> str:
    """Return where a link of the venue leads, at the address we know it by.

    A key goes with every question: to the venue, and nowhere it may point to.
    """
    here, there = urlsplit(url), urlsplit(link)
    return here._replace(path=there.path, query=there.query).geturl()
