"""The scripts for the shells: click's, except that no space follows what isn't a whole word yet."""

from __future__ import annotations

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ZshComplete,
    add_completion_class,
)

# What ends in one of these is continued: `llm.`, `temperature=`, `openai/`. fish does the same by itself.
_OPEN = "[=./]"
_BASH_END = "    return 0\n"
_BASH_OPEN = f"    [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *{_OPEN} ]] && compopt -o nospace\n"
_ZSH_PLAIN = "        compadd -U -V unsorted -a completions\n"
_ZSH_DESCRIBED = "_describe -V unsorted completions_with_descriptions -U\n"


class _Bash(BashComplete):
    source_template = BashComplete.source_template.replace(_BASH_END, _BASH_OPEN + _BASH_END, 1)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one being typed, and that one, with `NAME=VALUE` as one word."""
        args, incomplete = super().get_completion_args()
        # bash takes = for the end of a word: `--set style=ca` comes as `--set`, `style`, `=` and `ca`.
        if incomplete == "=" and args:
            incomplete = f"{args.pop()}="
        elif len(args) > 1 and args[-1] == "=":
            incomplete = f"{args[-2]}={incomplete}"
            del args[-2:]
        self._typed = incomplete
        return args, incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return an offer without the part before `=`, which bash keeps."""
        before, equals, _ = self._typed.partition("=")
        value = item.value.removeprefix(before + equals) if equals else item.value
        return f"{item.type},{value}"


class _Zsh(ZshComplete):
    source_template = ZshComplete.source_template.replace(
        _ZSH_PLAIN,
        f"        compadd -U -S '' -V unsorted -- ${{(M)completions:#*{_OPEN}}}\n"
        f"        compadd -U -V unsorted -- ${{completions:#*{_OPEN}}}\n",
    ).replace(
        _ZSH_DESCRIBED,
        f"""local -a open=(${{(M)completions_with_descriptions:#*{_OPEN}:*}})
        completions_with_descriptions=(${{completions_with_descriptions:|open}})
        _describe -V unsorted open -U -S ''
        {_ZSH_DESCRIBED}""",
    )


def use_our_scripts() -> None:
    """Have click use these scripts."""
    add_completion_class(_Bash)
    add_completion_class(_Zsh)
