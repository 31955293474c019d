"""The reviewed globals of numpy, scipy, pandas and joblib.

Left out on purpose: `numpy.core:_ufunc_reconstruct` (imports what it is told), `numpy:load`, `fromfile`, `vectorize`,
`scipy.stats` frozen distributions (their `__setstate__` executes a text from the file), `numpy:object_` as a call (it
hands back its argument), `pandas:read_*` and `eval`, `DatetimeTZDtype` (reads the file that a time zone names), and
`pyarrow:*` (takes lengths and offsets of buffers as it is told).
"""

from collections.abc import Mapping

from headway.evidence.scan.use import Use, listed

__all__ = ["ARRAYS"]

_NUMPY_TYPES = (
    "bool bool_ float16 float32 float64 int8 int16 int32 int64 intp uint8 uint16 uint32 uint64 longlong ulonglong"
    " complex64 complex128 str_ bytes_ object_ datetime64 timedelta64 ndarray matrix memmap recarray generic number"
    " floating integer"
)
_NUMPY_FUNCTIONS = (
    "exp expm1 exp2 log log1p log2 log10 sqrt cbrt square abs absolute fabs sign negative reciprocal floor ceil rint"
    " trunc clip nan_to_num sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh isnan isfinite"
    " mean median sum min max amin amax std var average maximum minimum nanmean nanmedian identity ravel"
)

_VALUES = {
    "numpy": f"{_NUMPY_TYPES} {_NUMPY_FUNCTIONS}",
    "numpy.ma": "MaskedArray",
    "numpy.ma.core": "MaskedArray",
    "scipy.special._ufuncs": "expit logit log_ndtr erf ndtr boxcox boxcox1p inv_boxcox xlogy",
    "scipy.special": "expit logit log_ndtr erf ndtr boxcox boxcox1p inv_boxcox xlogy",
    "scipy._lib.array_api_compat.numpy._aliases": "asarray",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64 PCG64DXSM",
    "numpy.random._philox": "Philox",
    "numpy.random._sfc64": "SFC64",
    "pandas": "Index RangeIndex Timestamp",
    "pandas.core.indexes.base": "Index",
    "pandas.core.indexes.numeric": "Int64Index Float64Index UInt64Index",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.core.indexes.datetimes": "DatetimeIndex",
    "pandas.core.indexes.range": "RangeIndex",
}

_EMPTY = {
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "scipy.sparse._csr": "csr_matrix csr_array",
    "scipy.sparse.csr": "csr_matrix",
    "scipy.sparse._csc": "csc_matrix csc_array",
    "scipy.sparse.csc": "csc_matrix",
    "scipy.sparse._coo": "coo_matrix coo_array",
    "scipy.sparse.coo": "coo_matrix",
    "scipy.sparse._lil": "lil_matrix lil_array",
    "scipy.sparse._bsr": "bsr_matrix bsr_array",
    "scipy.sparse._dia": "dia_matrix dia_array",
    "scipy.interpolate._bsplines": "BSpline",
    "scipy.interpolate._interpolate": "interp1d PPoly BPoly",
    "scipy.interpolate.interpolate": "interp1d",
    "scipy.interpolate._cubic": "CubicSpline PchipInterpolator Akima1DInterpolator",
    "numpy.random.bit_generator": "SeedSequence",
    "pandas.core.frame": "DataFrame",
    "pandas.core.series": "Series",
    "pandas": "DataFrame Series Categorical",
    "pandas.arrays": "BooleanArray DatetimeArray FloatingArray IntegerArray NumpyExtensionArray StringArray",
    "pandas.core.arrays.string_": "StringArray",
    "pandas.core.arrays.integer": "IntegerArray",
    "pandas.core.arrays.floating": "FloatingArray",
    "pandas.core.arrays.boolean": "BooleanArray",
    "pandas.core.arrays.categorical": "Categorical",
    "pandas.core.arrays.datetimes": "DatetimeArray",
    "pandas.core.arrays.numpy_": "NumpyExtensionArray PandasArray",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
}

_CALLED = {
    "numpy": "dtype",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "numpy.ma.core": "_mareconstruct",
    "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random.bit_generator": "__pyx_unpickle_SeedSequence",
    "pandas.core.indexes.base": "_new_Index",
    "pandas.core.indexes.datetimes": "_new_DatetimeIndex",
    "pandas._libs.internals": "_unpickle_block BlockManager",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.dtypes.dtypes": "CategoricalDtype",
    "pandas.core.arrays.string_": "StringDtype",
    "pandas.core.arrays.integer": "Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype",
    "pandas.core.arrays.floating": "Float32Dtype Float64Dtype",
    "pandas.core.arrays.boolean": "BooleanDtype",
    "pandas": "StringDtype CategoricalDtype",
}

ARRAYS: Mapping[str, Use] = {
    **dict(listed(Use.VALUE, _VALUES)),
    **dict(listed(Use.EMPTY, _EMPTY)),
    **dict(listed(Use.CALL, _CALLED)),
}
