"""Hostile pickles: every way to a forbidden global, and every way to hide it, is refused."""

import pickle
import struct

import pytest
from tests.evidence.scan.forge import PAYLOAD, dumped, number, refusals, refused_globals, text, whole

SYSTEM = text("os") + text("system") + pickle.STACK_GLOBAL
ARGS = text("true") + pickle.TUPLE1
GLOBAL = b"cos\nsystem\n"

CALLS = {
    "reduce": whole(SYSTEM, ARGS, pickle.REDUCE),
    "global and reduce": PAYLOAD,
    "newobj": whole(SYSTEM, ARGS, pickle.NEWOBJ),
    "newobj_ex": whole(SYSTEM, ARGS, pickle.EMPTY_DICT, pickle.NEWOBJ_EX),
    "obj": whole(pickle.MARK, SYSTEM, text("true"), pickle.OBJ),
    "inst": b"(S'true'\nios\nsystem\n.",
    "build after obj": whole(pickle.MARK, SYSTEM, pickle.OBJ, pickle.EMPTY_DICT, pickle.BUILD),
    "name from the memo": whole(
        text("system"), b"\x94", text("os"), b"\x94", pickle.POP, pickle.POP, b"h\x01h\x00", pickle.STACK_GLOBAL, ARGS,
        pickle.REDUCE,
    ),
    "name from a duplicate": whole(text("os"), b"\x94", pickle.DUP, pickle.POP, text("system"), b"\x93", ARGS, b"R"),
    "in a dict": whole(pickle.EMPTY_DICT, text("k"), SYSTEM, ARGS, pickle.REDUCE, pickle.SETITEM),
    "popped at once": whole(SYSTEM, ARGS, pickle.REDUCE, pickle.POP, pickle.NONE),
    "popped with its mark": whole(pickle.MARK, SYSTEM, ARGS, pickle.REDUCE, pickle.POP_MARK, pickle.NONE),
    "written as unicode": b"\x80\x04Vos\nVsyste\\u006d\n\x93Vtrue\n\x85R.",
    "long texts": whole(b"X\x02\0\0\0os", b"\x8d" + struct.pack("<Q", 6) + b"system", b"\x93", ARGS, b"R"),
    "inside a frame": b"\x80\x04\x95" + struct.pack("<Q", len(SYSTEM + ARGS) + 2) + SYSTEM + ARGS + b"R.",
    "in the second pickle": dumped({}) + PAYLOAD,
    "broken behind the call": whole(SYSTEM, ARGS, pickle.REDUCE)[:-1] + b"\xff\xff",
    "no stop": whole(SYSTEM, ARGS, pickle.REDUCE)[:-1],
}  # fmt: skip


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS)
def test_a_call_of_system_is_refused_however_it_is_written(data: bytes) -> None:
    assert "os:system" in refused_globals(data)


# From the advisories on picklescan, fickling, modelscan and modelaudit, and from their test files.
RUNNERS = """
aiosmtpd.controller:Controller asyncio.unix_events:_UnixSubprocessTransport._start bdb:Bdb builtins:__import__
builtins:compile builtins:eval builtins:exec builtins:getattr builtins:globals builtins:map builtins:open
builtins:vars builtins:filter builtins:setattr builtins:print builtins:breakpoint builtins:type builtins:super
builtins:memoryview __builtin__:eval __builtin__:getattr __builtin__:apply __builtin__:file cProfile:run
cProfile:runctx code:InteractiveInterpreter codecs:open commands:getoutput
concurrent.futures.process:_chain_from_iterable_of_lists ctypes:CDLL dill._dill:_create_function dill:loads
distutils.file_util:write_file doctest:debug_script ensurepip:_run_pip functools:partial functools:reduce
functools:partialmethod gc:get_objects http.client:HTTPSConnection idlelib.autocomplete:AutoComplete
idlelib.pyshell:ModifiedInterpreter idlelib.run:Executive imaplib:IMAP4_stream importlib:import_module io:FileIO
io:open itertools:starmap jax:pure_callback joblib:load joblib.numpy_pickle:load lib2to3.pgen2.pgen:ParserGenerator
linecache:getline logging.config:_resolve logging:FileHandler marshal:loads mimetypes:guess_type
multiprocessing.util:spawnv_passfds nt:system numpy:load numpy:fromfile numpy:fromregex numpy:genfromtxt
numpy:memmap.__new__ numpy:vectorize numpy:save numpy.core:_ufunc_reconstruct numpy._core:_ufunc_reconstruct
numpy.f2py.crackfortran:getlincoef numpy.testing._private.utils:runstring numpy.testing:runstring numpy.lib.npyio:load
numpy.distutils.exec_command:exec_command numpy.ctypeslib:load_library operator:attrgetter operator:itemgetter
operator:methodcaller operator:call os:execv os:popen os:rmdir os:unlink pandas:read_pickle pandas:eval
pandas.core.computation.eval:eval pathlib:Path pathlib:PosixPath pdb:run pickle:load pickle:loads pip:main
pip._internal:main pkgutil:resolve_name platform:popen posix:system profile:run pty:spawn pydoc:pipepager pydoc:locate
random:_os.system requests:get requests.api:get runpy:run_module runpy:run_path scipy.io:loadmat
scipy.stats._distn_infrastructure:rv_frozen shelve:open shutil:rmtree site:execsitecustomize
sklearn.datasets:load_svmlight_file sklearn.datasets._base:load_files sklearn.externals._arff:load
sklearn.metrics._dist_metrics:PyFuncDistance smtplib:SMTP socket:create_connection sqlite3:connect
ssl:get_server_certificate subprocess:Popen subprocess:check_output sys:modules sys:settrace tempfile:mktemp
test.support.script_helper:assert_python_ok timeit:timeit torch:load torch.hub:load torch.jit:load
torch.jit.unsupported_tensor_ops:execWrapper torch.serialization:load torch.storage:_load_from_bytes
torch.utils.bottleneck.__main__:run_cprofile torch.utils.collect_env:run
torch.utils.data.datapipes.utils.decoder:basichandlers torch._dynamo.guards:GuardBuilder.get
torch._inductor.codecache:compile_file trace:Trace types:CodeType types:FunctionType types:MethodType
types:SimpleNamespace urllib.request:urlopen uuid:_get_command_stdout venv:create webbrowser:open
xgboost.core:_load_lib xmlrpc.client:ServerProxy zipimport:zipimporter zoneinfo:ZoneInfo.from_file __main__:Evil
lightgbm.basic:_load_lib catboost:CatBoost copyreg:__newobj__ copyreg:add_extension copyreg:_extension_registry
""".split()  # noqa: SIM905 - a list of names reads better than a list of literals


@pytest.mark.parametrize("full", RUNNERS)
def test_a_global_that_runs_reads_or_leads_elsewhere_is_refused(full: str) -> None:
    module, name = full.split(":")
    for data in (
        whole(text(module) + text(name) + pickle.STACK_GLOBAL, ARGS, pickle.REDUCE),
        f"c{module}\n{name}\n(S'true'\ntR.".encode(),
        f"(S'true'\ni{module}\n{name}\n.".encode(),
        whole(text(module) + text(name) + pickle.STACK_GLOBAL),
    ):
        assert refusals(data)


def test_a_dotted_name_through_a_reviewed_module_is_refused() -> None:
    for module, name in (
        ("sklearn.linear_model", "_logistic.np.load"), ("numpy", "ndarray.tofile"), ("numpy", "lib.npyio.load"),
        ("collections", "_sys.modules"), ("sklearn.utils", "Bunch.__init__.__globals__"),
    ):  # fmt: skip
        assert refusals(whole(text(module) + text(name) + pickle.STACK_GLOBAL))
        assert refusals(f"c{module}\n{name}\n.".encode())


ODD = {
    "an extension code": whole(b"\x82\x01"),
    "a long extension code": whole(b"\x84\x01\0\0\0"),
    "a persistent id": whole(text("x"), pickle.BINPERSID),
    "a persistent id in text": b"Px\n.",
    "a buffer from outside": whole(pickle.NEXT_BUFFER, protocol=5),
    "an unknown protocol": b"\x80\x06N.",
    "a computed name": whole(text("os"), b"C\x06system", pickle.STACK_GLOBAL),
    "a name of bytes of old": b"\x80\x04U\x02osU\x06system\x93.",
    "an empty name": whole(text("os"), text(""), pickle.STACK_GLOBAL),
    "a relative module": whole(text(".os"), text("system"), pickle.STACK_GLOBAL),
    "a call of a call": whole(SYSTEM, ARGS, b"R", ARGS, b"R"),
    "a call of a text": whole(text("os.system"), ARGS, pickle.REDUCE),
    "a state for a class": whole(b"csklearn.pipeline\nPipeline\n", pickle.EMPTY_DICT, pickle.BUILD),
    "an entry put into a class": whole(b"csklearn.pipeline\nPipeline\n", text("k"), pickle.NONE, pickle.SETITEM),
    "an append to an estimator": whole(b"csklearn.pipeline\nPipeline\n)\x81", pickle.NONE, pickle.APPEND),
    "a class set as a slot": whole(
        b"csklearn.pipeline\nPipeline\n)\x81", pickle.NONE, b"}", text("__class__"), b"csklearn.pipeline\nPipeline\n",
        pickle.SETITEM, pickle.TUPLE2, pickle.BUILD,
    ),
    "slots that cannot be told": whole(
        b"csklearn.pipeline\nPipeline\n)\x81", pickle.NONE, b"}", b"K\x01", pickle.NONE, pickle.SETITEM, b"\x86b",
    ),
    "a memo entry of nothing": whole(b"h\x07"),
    "a memo entry far away": whole(pickle.NONE, b"r\xff\xff\xff\xff"),
    "a memo entry written oddly": b"N\x30Np007\n.",
    "a frame inside a frame": b"\x80\x04\x95\x0b" + bytes(7) + b"\x95\x01" + bytes(7) + b"N..",
    "a frame behind the file": b"\x80\x04\x95\xff" + bytes(7) + b"N.",
    "an opcode across a frame": b"\x80\x04\x95\x01" + bytes(7) + b"K\x01.",
    "marks inside each other": pickle.MARK * 20_000 + pickle.NONE + pickle.TUPLE * 20_000 + b".",
    "nothing at all": b"",
    "a stop and nothing": b"\x80\x04.",
    "a second pickle of junk": dumped({}) + b"junk",
}  # fmt: skip


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_no_library_writes_is_refused(data: bytes) -> None:
    assert refusals(data, "model.pkl")


MISUSED = {
    "a value is called": whole(b"cnumpy\nexp\n", ARGS, pickle.REDUCE),
    "an estimator is made with arguments": whole(b"csklearn.pipeline\nPipeline\n", ARGS, pickle.REDUCE),
    "a booster reads a file": whole(b"cxgboost.core\nBooster\n", pickle.NONE, pickle.NONE, text("/x"), b"\x87R"),
    "a length for bytes": whole(b"cbuiltins\nbytearray\n", number(2**31 - 1), b"\x85R"),
    "a range for a set": whole(b"cbuiltins\nset\n", b"cbuiltins\nrange\n", number(2**31 - 1), b"\x85R\x85R"),
    "a codec of another module": whole(b"c_codecs\nencode\n", text("x"), text("os"), b"\x86R"),
    "a computed list of arguments": whole(b"cdatetime\ndate\n", b"]", pickle.REDUCE),
    "arguments by name": whole(b"cdatetime\ndate\n)}", text("year"), number(1), b"s\x92"),
    "a reconstructor of a function": whole(b"ccopyreg\n_reconstructor\n", b"cnumpy\nexp\ncbuiltins\nobject\nN\x87R"),
    "a reconstructor from another base": whole(
        b"ccopyreg\n_reconstructor\n", b"csklearn.pipeline\nPipeline\ncbuiltins\ntuple\nN\x87R"
    ),
    "an array of a size": whole(
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\n", number(2**31 - 1), b"\x85C\x01b\x87R"
    ),
    "a generator that calls another": whole(
        b"cnumpy.random._pickle\n__generator_ctor\n", text("true"), b"cbuiltins\nset\n\x86R"
    ),
    "a scalar that is an object": whole(
        b"cnumpy._core.multiarray\nscalar\n", b"cnumpy\ndtype\n", text("O8"), b"\x85R", b"N\x86R"
    ),
    "a factory that was not reviewed": whole(b"ccollections\ndefaultdict\n", SYSTEM, b"\x85R"),
    "an index made by another class": whole(
        b"cpandas.core.indexes.base\n_new_Index\n", b"csklearn.pipeline\nPipeline\n}\x86R"
    ),
    "a tree of another class": whole(b"csklearn.neighbors._kd_tree\nnewObj\n", b"cbuiltins\nset\n\x85R"),
}  # fmt: skip


@pytest.mark.parametrize("data", MISUSED.values(), ids=MISUSED)
def test_a_reviewed_global_is_refused_in_a_use_that_was_not_reviewed(data: bytes) -> None:
    assert refusals(data, "model.pkl")


def test_a_policy_allows_a_global_by_its_full_name_and_no_other() -> None:
    data = whole(b"cfeatures\nClean\n)\x81}b")
    assert refused_globals(data) == {"features:Clean"}
    assert refusals(data, allow={"features:Clean"}) == ()
    assert refusals(data, allow={"features:Other", "features"})
    assert refused_globals(whole(b"cfeatures\nClean\n)\x81", SYSTEM, ARGS, b"R"), "model") == {
        "features:Clean",
        "os:system",
    }


def test_a_class_that_is_allowed_may_be_called_and_given_state() -> None:
    made = whole(b"cfeatures\nClean\n", text("x"), b"\x85R}", text("a"), number(1), b"sb")
    assert refusals(made, allow={"features:Clean"}) == ()


def test_text_in_a_model_is_text() -> None:
    assert refusals(dumped({"doc": "cos\nsystem\n(S'true'\ntR.", "raw": PAYLOAD, "name": ("os", "system")})) == ()


def test_a_refusal_never_grows_beyond_what_a_record_can_hold() -> None:
    many = b"".join(f"cm{number}\nx\n0".encode() for number in range(1500))
    assert len(refusals(b"\x80\x04" + many + b"N.")) <= 101
    endless = b"".join(f"cm{number}\nx\n0".encode() for number in range(5000))
    assert len(refusals(b"\x80\x04" + endless + b"N.")) <= 101
    long = refusals(b"c" + b"m" * 100_000 + b"\nx\n.")
    assert all(len(what) < 1000 for what in long)
    assert long
