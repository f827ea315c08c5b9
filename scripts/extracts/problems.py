"""What is wrong with extracts, as sentences that hold nothing of their rows."""

import errno


class ExtractProblem(Exception):
    """What is wrong with one file, as one sentence that holds nothing of its rows."""


class ExtractsError(Exception):
    """All that is wrong with a folder of extracts. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def shown(header: str) -> str:
    text = " ".join(header.split())
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def os_problem(error: OSError, what: str) -> ExtractProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExtractProblem(f"{what} could not be prepared because the disk of the output folder is full: make room.")
    reasons = {
        errno.EACCES: ("permission denied", "let the account that runs the build read it"),
        errno.EPERM: ("permission denied", "let the account that runs the build read it"),
        errno.ELOOP: ("a symbolic link that leads back to itself", "replace it by what it should lead to"),
        errno.ENOENT: ("it is not there, or is a link to what is not there", "put it there"),
        errno.ENOTDIR: ("it is not a folder", "name the folder that holds the extracts"),
        errno.EISDIR: ("it is a folder, not a file", "put a file in its place"),
    }
    reason, remedy = reasons.get(error.errno or 0, (error.strerror or "input or output error", "look after its disk"))
    return ExtractProblem(f"{what} cannot be read ({reason}): {remedy}.")
