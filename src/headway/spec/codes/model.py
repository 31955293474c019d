"""Codes of a model: gates, training, data, serving, rollout, monitors."""

from collections.abc import Mapping

from headway.spec.codes.code import Code, code

__all__ = ["MODEL"]

MODEL: Mapping[str, Code] = {
    "E200": code(
        "no gate",
        "No checks is not a pass: a version without a gate is never released.",
        "a model without `gates`, and no policy that adds one",
        "Add one, such as `{metric: auc, at_least: 0.7}`.",
    ),
    "E201": code(
        "metric that the task does not have",
        "Metrics belong to a task: auc to a classification, rmse to a regression.",
        "`{metric: auc, at_least: 0.7}` with `task: {kind: regression}`",
        "Name a metric of the task.",
    ),
    "E202": code(
        "gate without a bound",
        "Nothing says what would pass.",
        "`{metric: auc}`",
        "Add `at_least`, or `versus: live` with a margin.",
    ),
    "E203": code(
        "gate that mixes questions",
        "A gate compares with a number or with the live version, by one margin.",
        "`{metric: auc, at_least: 0.7, versus: live}`",
        "Write one gate for each question.",
    ),
    "E204": code(
        "never decides",
        "Every rollout would end at its deadline and be rolled back, whatever the candidate is worth: no guardrail, "
        "fewer windows than stages, a margin that cannot be seen, or too little traffic.",
        "`stages: [5, 20, 50]` with `window: 60s` and `deadline: {after: 2m}`",
        "Lengthen the deadline, shorten the window, widen the margin, or begin with a larger stage.",
    ),
    "E205": code(
        "gate that can never pass",
        "The bound lies outside what the metric can reach, or gates contradict each other.",
        "`ratio_at_least: 1.01` over a live version that had to reach 0.995",
        "Ask for what can be reached.",
    ),
    "E206": code(
        "no absolute gate",
        "While nothing is live, comparisons do not apply, and the first version could never pass.",
        "only `{metric: auc, versus: live, worse_by_at_most: 0.01}`",
        "Add a gate with a number.",
    ),
    "E207": code(
        "gate that can never fail",
        "Every version passes, so the gate says nothing.",
        "`{metric: accuracy, at_least: 0}`",
        "Ask for more, or remove it.",
    ),
    "E208": code(
        "negative margin",
        "Margins are distances, and the field's name says in which direction.",
        "`worse_by_at_most: -0.01`",
        "Write `better_by_at_least: 0.01`.",
    ),
    "E209": code(
        "gate that sees too few requests",
        "So few requests are sent that the quantile is the slowest of them.",
        "`{latency: p99, at: 10/s, duration: 3s}`",
        "Lengthen `duration`, or raise `at`.",
    ),
    "E210": code(
        "no command",
        "`run` is empty, or cannot be split into words.",
        "a quote that is not closed",
        "Write the command as in a shell.",
    ),
    "E211": code(
        "parameter that is not defined",
        "`run` fills in a parameter that `params` does not have.",
        "`run: python train.py --depth {depht}` with `params: {depth: 6}`",
        "Mend the name, or add it to `params`.",
    ),
    "E212": code(
        "parameter that is not used",
        "`run` does not fill the parameter in; only a program that reads HEADWAY_PARAMS gets it.",
        "`run: python train.py` with `params: {depth: 6}`",
        "Write `--depth {depth}` in `run`, or remove the parameter.",
    ),
    "E213": code(
        "program that is not declared",
        "A step sees the declared files only, so the program would not be there.",
        "`run: python train.py` with `files: [features.py]`",
        "Add the program to `train.files`.",
    ),
    "E214": code(
        "level that is none",
        "It is how often a decision may be wrong by luck: more than 0, at most 50%.",
        "`wrong_at_most: {abort: 0}`",
        "Write `1%` or `5%`.",
    ),
    "E215": code(
        "secret that is no name",
        "Secrets stand by the name of an environment variable, never by value, and Headway's own are taken.",
        "`secrets: [TOKEN=abc]`",
        "Write the name, export the value where Headway runs, and change a secret that was committed.",
    ),
    "E216": code("secret twice", "Once is enough.", "`secrets: [DSN, DSN]`", "Remove one of them."),
    "E217": code(
        "limit that leaves no room",
        "No program starts within so little time or memory.",
        "`timeout: 0`",
        "Write what a training takes.",
    ),
    "E218": code(
        "label out of place",
        "The label is learnt from and compared with; it cannot be dropped, and rows are not chosen by it.",
        "`label: late` with `drop: [late]`",
        "Take it out; the label is never among the features.",
    ),
    "E219": code(
        "tested on the training data",
        "Tested on its own training rows, every model looks good.",
        "`{train: all.csv, test: all.csv}`",
        "Name other files, or have Headway split one `path`.",
    ),
    "E220": code(
        "data that are not named",
        "The data section takes `path`, or both `train` and `test`.",
        "`data: {train: train.csv}`",
        "Add the other one.",
    ),
    "E221": code(
        "split that leaves no rows",
        "One of the two parts would be empty, or it cannot be told which rows are the newest.",
        "`split: {test: 30d}` without `by`",
        "Name the column, or write shares such as 20%.",
    ),
    "E222": code(
        "split that does nothing",
        "`train` and `test` name their own files, so nothing is split.",
        "`{train: a.csv, test: b.csv, split: {test: 10%}}`",
        "Take it out, or name the data by `path`.",
    ),
    "E223": code(
        "count that asks for no rows",
        "Without rows nothing is learnt and nothing is tested.",
        "`rows: {test_at_least: 0}`",
        "Write 1 or more.",
    ),
    "E224": code(
        "column that can never be as expected",
        "No value satisfies what is asked of the column.",
        "`distance: {between: [5000, 80]}`",
        "Mend the expectation.",
    ),
    "E225": code(
        "expectation that never fails",
        "Every column passes, so nothing is checked.",
        "`distance: {}`",
        "Say what is expected, or remove it.",
    ),
    "E226": code(
        "positive class of a regression",
        "A regression has no classes.",
        "`task: {kind: regression, label: price, positive: 1}`",
        "Take `positive` out.",
    ),
    "E240": code(
        "no replica",
        "Without copies nobody answers; ending a model is a decision, not a number.",
        "`replicas: {min: 0}`",
        "Write 1 or more; `headway retire` ends a model.",
    ),
    "E241": code(
        "max below min",
        "There cannot be fewer copies at most than at least.",
        "`replicas: {min: 4, max: 2}`",
        "Raise `max`.",
    ),
    "E242": code(
        "no resources",
        "The model server would not start with so little.",
        "`resources: {memory: 16Mi}`",
        "Write `cpu: 0.5` and `memory: 256Mi`, say.",
    ),
    "E243": code(
        "few resources",
        "It starts, and has little left for requests.",
        "`resources: {memory: 100Mi}`",
        "Give it more.",
    ),
    "E244": code(
        "scaling target that is never met",
        "A share of what a copy may use lies between 1 and 100, and requests a copy are more than none.",
        "`scale: {cpu: 150}`",
        "Write `cpu: 70`, say.",
    ),
    "E245": code(
        "never scales",
        "More copies are allowed, and nothing says when they are wanted.",
        "`replicas: {min: 1, max: 5}` with `scale: {cpu: null}`",
        "Add a target.",
    ),
    "E246": code(
        "records that cannot be kept so",
        "A record holds a share of the predictions, and of each column its value, its hash, or nothing.",
        "`records: {sample: 0%}`, or a column in both `omit` and `hash`",
        "Write a share above 0 % and at most 100 %, and each column in one list.",
    ),
    "E250": code(
        "stages that do not rise",
        "Stages are percentages of live traffic, above 0, below 100, each larger than the one before.",
        "`stages: [50, 20, 100]`",
        "Write them in rising order; promotion follows the last one by itself.",
    ),
    "E251": code(
        "no time for a window",
        "The rollout ends before its first window is full, so nothing is ever judged.",
        "`window: 60s` with `deadline: {after: 30s}`",
        "Lengthen the deadline, or shorten the window.",
    ),
    "E253": code(
        "guardrail with a gap",
        "Between what is safe and what is harm nothing decides, so such a candidate stays until the deadline.",
        "`{errors: rate, worse_by_at_most: 1.05x}` with the default `tolerate: 1.1x`",
        "Bring the two lines together.",
    ),
    "E254": code(
        "guardrail without meaning",
        "It asks for what no version can show, or for nothing.",
        "`worse_by_at_most: 0.9x`",
        "Write 1x or more; what must be better belongs into `gates`.",
    ),
    "E255": code(
        "guardrail twice",
        "Both share the rate of false aborts, so each sees less.",
        "two guardrails `{errors: rate}`",
        "Keep the stricter one.",
    ),
    "E256": code(
        "settings of another strategy",
        "A section says how one strategy works, and the rollout has another.",
        "`shadow: {agree_at_least: 98%}` with `strategy: canary`",
        "Write the strategy that you want, or take the section out.",
    ),
    "E257": code(
        "header that cannot be",
        "Users are told apart by a request header, whose name has letters, digits and a few signs.",
        "`ab: {header: user id}`",
        "Write a name such as `x-user-id`, or leave it out: then a cookie tells users apart.",
    ),
    "E258": code(
        "guardrail without a source",
        "Nobody counts what it compares, so it has no evidence, and the rollout ends at its deadline.",
        "`{quality: accuracy, labels_within: 6h}` without `serve: {records: …}`",
        "Name the source, or leave the guardrail out.",
    ),
    "E259": code(
        "metric without a counter",
        "Headway takes the raw samples of counters and knows them by the guardrail's name; functions of PromQL guess "
        "between samples, and then nothing can be said of how often a decision is wrong.",
        "`prometheus: {bad: 'rate(errors_total[5m])', …}`",
        "Name two counters by their labels.",
    ),
    "E260": code(
        "limit without meaning",
        "The alarm would always ring, or never.",
        "`drift: {score_at_most: 1.5}`; the score lies between 0 and 1",
        "Write a limit that some days are beyond.",
    ),
    "E261": code(
        "small drift window",
        "Small and short windows differ by chance and by the hour of the day, so false alarms follow.",
        "`drift: {window: 5m}`",
        "Write `window: 1h` and `rows: 1000` or more.",
    ),
    "E262": code(
        "retraining that never starts",
        "It waits for a drift alarm, and drift is not watched.",
        "`retrain: {when: [drift]}` without `monitor.drift`",
        "Add `monitor: {drift: {}}`.",
    ),
    "E263": code(
        "retraining that is held back",
        "The brake is longer than the period.",
        "`retrain: {when: [daily], at_most_every: 7d}`",
        "Shorten `at_most_every`, or name a longer period.",
    ),
    "E264": code(
        "freeze that is no time",
        "A freeze lies between two times of the week, or between two dates, in UTC.",
        "`freeze: [{begin: friday, end: mon 08:00}]`",
        "Write `{begin: fri 16:00, end: mon 08:00}` or `{begin: 2026-12-20 00:00, end: 2027-01-02 08:00}`.",
    ),
    "E265": code(
        "approval of no step",
        "A person approves a stage after the first, or the promotion; to no other weight does a rollout rise.",
        "`approve_at: [30]` with `stages: [5, 20, 50]`",
        "Name stages, or 100 for the promotion.",
    ),
    "E268": code(
        "arm that cannot be",
        "An experiment deals users to stable, to the newest version and to those that `also` names by their numbers.",
        '`ab: {also: ["1.4"]}`',
        'Name up to three versions, each once: `also: ["1.4.0"]`.',
    ),
}
