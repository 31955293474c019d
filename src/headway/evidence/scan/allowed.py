"""The reviewed globals that a model file may hold.

Whole modules of classes are allowed only where nothing in them runs what a pickle hands it: estimators and their parts.
Helpers that call, import, read or evaluate stay out, wherever they live.
"""

__all__ = ["is_allowed"]

EXACT = frozenset(
    {
        "builtins:bytearray", "builtins:complex", "builtins:frozenset", "builtins:object", "builtins:range",
        "builtins:set", "builtins:slice", "builtins:bool", "builtins:int", "builtins:float", "builtins:str",
        "builtins:list", "builtins:dict", "builtins:tuple", "builtins:bytes",
        "__builtin__:bytearray", "__builtin__:complex", "__builtin__:frozenset", "__builtin__:object",
        "__builtin__:set", "__builtin__:slice", "__builtin__:xrange",
        "collections:OrderedDict", "collections:defaultdict", "collections:deque", "collections:Counter",
        "copyreg:_reconstructor", "copy_reg:_reconstructor", "_codecs:encode",
        "datetime:date", "datetime:datetime", "datetime:time", "datetime:timedelta", "datetime:timezone",
        "decimal:Decimal", "fractions:Fraction", "uuid:UUID",
        "numpy:dtype", "numpy:ndarray", "numpy:float64", "numpy:float32", "numpy:int64", "numpy:int32", "numpy:bool",
        "numpy:bool_", "numpy:str_", "numpy:object_", "numpy:int8", "numpy:uint8", "numpy:uint32", "numpy:intp",
        "numpy.core.multiarray:_reconstruct", "numpy._core.multiarray:_reconstruct",
        "numpy.core.multiarray:scalar", "numpy._core.multiarray:scalar",
        "numpy.core.numeric:_frombuffer", "numpy._core.numeric:_frombuffer",
        "numpy.random._pickle:__randomstate_ctor", "numpy.random._pickle:__generator_ctor",
        "numpy.random._pickle:__bit_generator_ctor", "numpy.random._mt19937:MT19937",
        "numpy.random._pcg64:PCG64", "numpy.random.bit_generator:SeedSequence",
        "numpy.random.bit_generator:__pyx_unpickle_SeedSequence", "numpy.random._mt19937:__pyx_unpickle_MT19937",
        "numpy.ma.core:_mareconstruct", "numpy.ma.core:MaskedArray",
        "numpy:exp", "numpy:log", "numpy:log1p", "numpy:expm1", "numpy:sqrt",
        "joblib.numpy_pickle:NumpyArrayWrapper",
        "scipy.sparse._csr:csr_matrix", "scipy.sparse._csr:csr_array", "scipy.sparse._csc:csc_matrix",
        "scipy.sparse._coo:coo_matrix", "scipy.sparse._matrix:spmatrix",
        "scipy.interpolate._bsplines:BSpline", "scipy.special._ufuncs:expit", "scipy.special._ufuncs:logit",
        "pandas._libs.internals:_unpickle_block", "pandas.core.frame:DataFrame", "pandas.core.series:Series",
        "pandas.core.internals.managers:BlockManager", "pandas.core.internals.managers:SingleBlockManager",
        "pandas.core.indexes.base:Index", "pandas.core.indexes.base:_new_Index", "pandas:Index", "pandas:RangeIndex",
        "pandas.core.indexes.range:RangeIndex", "pandas._libs.arrays:__pyx_unpickle_NDArrayBacked",
        "pandas.core.arrays.string_:StringArray", "pandas.core.arrays.string_:StringDtype", "pandas:StringDtype",
        "pandas.core.arrays.categorical:Categorical", "pandas.core.dtypes.dtypes:CategoricalDtype",
        "sklearn.utils._bunch:Bunch", "sklearn.utils.deprecation:_DeprecationDict",
        "sklearn.tree._tree:Tree", "sklearn.neighbors._kd_tree:newObj", "sklearn.neighbors._ball_tree:newObj",
        "sklearn.neighbors._kd_tree:KDTree", "sklearn.neighbors._ball_tree:BallTree",
        "xgboost.core:Booster", "lightgbm.basic:Booster",
        "sklearn.feature_selection._univariate_selection:f_classif",
        "sklearn.feature_selection._univariate_selection:f_regression",
        "sklearn.feature_selection._univariate_selection:chi2",
    }
)  # fmt: skip

# In these modules every name in capitals is an estimator, a transformer, a kernel or a loss: data with methods.
CLASSES_OF = (
    "sklearn.calibration", "sklearn.cluster", "sklearn.compose", "sklearn.covariance", "sklearn.cross_decomposition",
    "sklearn.decomposition", "sklearn.discriminant_analysis", "sklearn.dummy", "sklearn.ensemble",
    "sklearn.feature_extraction", "sklearn.feature_selection", "sklearn.gaussian_process", "sklearn.impute",
    "sklearn.isotonic", "sklearn.kernel_approximation", "sklearn.kernel_ridge", "sklearn.linear_model",
    "sklearn.manifold", "sklearn.mixture", "sklearn.model_selection", "sklearn.multiclass", "sklearn.multioutput",
    "sklearn.naive_bayes", "sklearn.neighbors", "sklearn.neural_network", "sklearn.pipeline", "sklearn.preprocessing",
    "sklearn.random_projection", "sklearn.semi_supervised", "sklearn.svm", "sklearn.tree", "sklearn._loss",
    "sklearn.utils._encode", "xgboost.sklearn", "lightgbm.sklearn",
)  # fmt: skip

# FunctionTransformer and its like carry a callable of their own; that callable is judged where it stands.
LOSSES = frozenset({"sklearn._loss._loss", "sklearn._loss.loss", "sklearn._loss.link"})


def is_allowed(module: str, name: str) -> bool:
    """Is this global on the reviewed list?  Dotted names never are: they lead through one module into another.

    >>> is_allowed("sklearn.linear_model._logistic", "LogisticRegression"), is_allowed("os", "system")
    (True, False)
    """
    if "." in name or not name.isidentifier():
        return False
    if f"{module}:{name}" in EXACT:
        return True
    if not any(module == root or module.startswith(f"{root}.") for root in CLASSES_OF):
        return False
    if module in LOSSES:
        return name[0].isupper() or name.startswith(("Cy", "__pyx_unpickle_Cy"))
    return name.lstrip("_")[:1].isupper()
