"""Reads the pickles inside PyTorch's weight files, and no other kind of pickle.

A pickle is a program: `pickle.load` runs any function that it names. Here
`pickletools` only splits the program into its steps, and the steps that a state dict
needs are carried out on plain values. No step calls anything but the code below.

The limits: `MAX_BYTES` and `MAX_STEPS` of one pickle, text of `MAX_TEXT` characters,
integers of 64 bits. A step adds at most one value, and none looks into what containers
hold, so the worst pickle takes about a second and 100 MB.

Source: pickletools.py of Python 3.11; torch/_utils.py, PyTorch 2.13.
"""

import io
import pickletools
from typing import Any, NamedTuple

# What the elements of each storage class are, on a little-endian machine.
DTYPES = {
    "torch DoubleStorage": "<f8",
    "torch FloatStorage": "<f4",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "i1",
    "torch ByteStorage": "u1",
    "torch BoolStorage": "?",
}
DICT = "collections OrderedDict"
TENSOR = "torch._utils _rebuild_tensor_v2"
PARAMETER = "torch._utils _rebuild_parameter"

# torch/serialization.py; opens the format before the zip, and is the only integer of
# more than 64 bits.
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C

# EfficientNet-Lite0's state dict takes 42 kB and 10,696 steps.
MAX_BYTES = 8 << 20
MAX_STEPS = 200_000
MAX_TEXT = 1_000
MAX_BITS = 63


class Global(NamedTuple):
    """A class or function that the pickle names: "module name"."""

    name: str


class Storage(NamedTuple):
    """A flat run of elements, kept elsewhere in the file."""

    key: str
    dtype: str
    size: int


class Tensor(NamedTuple):
    """A view into a storage, not yet checked; offset and strides count elements."""

    storage: Storage
    offset: Any
    shape: Any
    strides: Any


class TensorPickle:
    """One pickle.

    Attributes:
        value: what the pickle builds.
        storages: key -> storage, all that the pickle refers to.
        end: position in the data after the pickle.
    """

    def __init__(self, data: bytes, start: int = 0) -> None:
        """Read one pickle.

        Args:
            data: holds the pickle, and other bytes after it.
            start: position of the pickle in the data.

        Raises:
            ValueError: the pickle is truncated, beyond the limits, or holds anything
                but plain containers, text, integers and tensors.
        """
        self.storages: dict[str, Storage] = {}
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        file = io.BytesIO(data[start : start + MAX_BYTES])
        try:
            for count, (step, argument, _) in enumerate(pickletools.genops(file)):
                if count >= MAX_STEPS:
                    raise ValueError(f"its pickle has more than {MAX_STEPS} steps")
                self._do(step.name, argument)
            self.value = self._stack[-1]
        # Bad escapes in a text are a Warning, which Python may be told to raise.
        except (IndexError, KeyError, OverflowError, Warning) as error:
            problem = f"its pickle is damaged ({type(error).__name__}: {error!s:.80})"
            raise ValueError(problem) from error
        self.end = start + file.tell()

    def _do(self, step: str, argument: Any) -> None:
        """Carry out one step."""
        stack = self._stack
        match step:
            case "PROTO" | "STOP":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[step])
            case "BININT" | "BININT1" | "BININT2" | "LONG1":
                stack.append(_check_int(argument))
            case "BINUNICODE":
                stack.append(_check_text(argument))
            case "GLOBAL":
                stack.append(_check_global(argument))
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "MARK":
                self._marks.append(len(stack))
            case "BINPERSID":
                stack.append(self._refer(stack.pop()))
            case "REDUCE":
                stack.append(_build(*self._take(2)))
            case "BUILD":
                self._take(1)  # attributes of a state dict: versions of its modules
            case _:
                self._do_container(step)

    def _do_container(self, step: str) -> None:
        """Carry out a step that makes or fills a container."""
        stack = self._stack
        match step:
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self._take(int(step[-1]))))
            case "TUPLE":
                stack.append(tuple(self._take_to_mark()))
            case "APPEND" | "APPENDS":
                items = self._take(1) if step == "APPEND" else self._take_to_mark()
                _expect(stack[-1], list).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self._take(2) if step == "SETITEM" else self._take_to_mark()
                if len(items) % 2:
                    raise ValueError("its pickle has a key without a value")
                keys = (_expect(key, str) for key in items[::2])
                _expect(stack[-1], dict).update(zip(keys, items[1::2], strict=True))
            case _:
                raise ValueError(f"its pickle has a step {step}, which no tensor needs")

    def _take(self, count: int) -> list[Any]:
        """Take the last values off the stack, but none from before a mark."""
        floor = self._marks[-1] if self._marks else 0
        if len(self._stack) - count < floor:
            raise ValueError("its pickle takes more values than it has")
        start = len(self._stack) - count
        taken = self._stack[start:]
        del self._stack[start:]
        return taken

    def _take_to_mark(self) -> list[Any]:
        """Take the values after the last mark off the stack."""
        start = self._marks.pop()
        taken = self._stack[start:]
        del self._stack[start:]
        return taken

    def _refer(self, reference: Any) -> Storage:
        """Give the storage that the pickle refers to."""
        match reference:
            case ("storage", Global(kind), str(key), _, int(count), *view):
                # view: nothing, or None before the zip format
                if kind in DTYPES and count >= 0 and view in ([], [None]):
                    storage = Storage(key, DTYPES[kind], count)
                    return self.storages.setdefault(key, storage)
        raise ValueError("its pickle refers to something that is no storage")


def _check_int(value: int) -> int:
    """Refuse integers of more than 64 bits but one."""
    if value.bit_length() > MAX_BITS and value != MAGIC_NUMBER:
        raise ValueError(f"its pickle has an integer of {value.bit_length()} bits")
    return value


def _check_text(text: str) -> str:
    """Refuse long text."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"its pickle has a text of {len(text)} characters")
    return text


def _check_global(name: str) -> Global:
    """Refuse all classes and functions but those that build tensors."""
    if name not in (*DTYPES, DICT, TENSOR, PARAMETER):
        raise ValueError(
            f"it names {name.replace(' ', '.')[:80]!r}, and nothing but tensors is "
            "built from it"
        )
    return Global(name)


def _expect(value: Any, kind: type) -> Any:
    """Refuse values of another type."""
    if not isinstance(value, kind):
        raise ValueError(
            f"its pickle has a {type(value).__name__} in place of a {kind.__name__}"
        )
    return value


def _build(function: Any, arguments: Any) -> Any:
    """Build what a call in the pickle stands for."""
    match _expect(function, Global).name, _expect(arguments, tuple):
        case name, () if name == DICT:
            return {}
        case name, (Storage() as storage, offset, shape, strides, *_) if name == TENSOR:
            return Tensor(storage, offset, shape, strides)
        case name, (Tensor() as tensor, *_) if name == PARAMETER:
            return tensor
    raise ValueError("its pickle makes a call that builds no tensor")
