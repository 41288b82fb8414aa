//! What a file may say, and how what is wrong is told.

use super::file::PolicyFile;

const WHOLE: &str = r#"
[default]
capture = "metadata"

[[rule]]
name = "payroll stays in"
when = { app = ["payroll*", "hr"], environment = "!staging" }
capture = "none"

[[rule]]
name = "staging"
when.environment = "staging"
when.side = "client"
capture = "masked"
drop = ["tool_results"]
sample = 0.1

[[rule]]
name = "our own models"
when = { provider = "vllm", status = "2*" }
capture = "full"
keep = ["input_messages", "output_messages"]

[sampling]
rate = 0.25
keep_slower_than = "1m 30s"
keep_costlier_than = "0.50 USD"

[mask]
detect = ["credentials", "email"]
names = ["Wilhelmina Okonkwo"]
patterns = ['\bACME-\d{6}\b']
pseudonyms = true

[attributes]
never = ["user_agent.original", "llm_tracer.rate_limit.*"]
"#;

#[test]
fn a_policy_is_told_in_words() {
    let file = PolicyFile::parse(WHOLE).unwrap();
    assert_eq!(
        file.to_string(),
        "\
1. payroll stays in
   where app is payroll* or hr
   where environment is not staging
   nothing leaves
2. staging
   where environment is staging
   where side is client
   metadata and masked content leave, of content instructions, input_messages, output_messages, tool_definitions, tool_arguments, documents, of 10% of all traces
3. our own models
   where provider is vllm
   where status is 2*
   metadata and content as it is leave, of content input_messages, output_messages, of 25% of all traces
otherwise
   metadata leaves, of 25% of all traces
always kept
   calls that failed, calls that were refused or filtered, calls that took more than 90s, calls that cost more than 0.5 USD
masked are
   credentials, email
   1 names
   1 patterns
   the same text by the same pseudonym
never leave
   user_agent.original, llm_tracer.rate_limit.*
"
    );
    assert!(file.warnings().is_empty(), "{:?}", file.warnings());
    assert!(file.wants_content());
}

#[test]
fn nothing_is_a_policy_too() {
    for text in ["", "# nothing yet\n", "[default]\ncapture = 'metadata'\n"] {
        let file = PolicyFile::parse(text).unwrap();
        assert_eq!(file.to_string(), "otherwise\n   metadata leaves\n");
        assert!(!file.wants_content());
    }
}

/// What is wrong with the lines behind `[[rule]]` and `name = "r"`.
fn refused(rest: &str) -> String {
    let error = PolicyFile::parse(&format!("[[rule]]\nname = \"r\"\n{rest}")).unwrap_err();
    error.to_string()
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (rest, why) in [
        (
            "capure = 'none'",
            "line 3, column 1: `rule` has no `capure`: did you mean `capture`?",
        ),
        (
            "",
            "line 1, column 1: it does not say how much leaves: write `capture` and one of none, metadata, masked, full",
        ),
        (
            "capture = 'mask'",
            "line 3, column 11: `capture` cannot be `mask`: did you mean `masked`?",
        ),
        (
            "capture = 'none'\nwhen = { modle = 'gpt*' }",
            "line 4, column 10: `when` has no `modle`: did you mean `model`?",
        ),
        (
            "capture = 'none'\nwhen = { model = ['gpt*', 4] }",
            "line 4, column 27: `model` is a text between quotation marks, or a list of them",
        ),
        (
            "capture = 'none'\nwhen = { model = [] }",
            "line 4, column 18: `model` is an empty list: give it an item or leave it out",
        ),
        (
            "capture = 'none'\nwhen.outcome = 'fialed'",
            "line 4, column 16: no outcome is `fialed`: did you mean `failed`?",
        ),
        (
            "capture = 'none'\nwhen.side = ['!client', '!server']",
            "line 4, column 14: these patterns leave no side",
        ),
        (
            "capture = 'none'\nwhen.app = '[a'",
            "line 4, column 12: `[a` is no pattern: invalid range pattern",
        ),
        (
            "capture = 'metadata'\nkeep = ['input_messages']",
            "line 4, column 8: `keep` names fields of content, and capture = \"metadata\" lets out none",
        ),
        (
            "capture = 'masked'\nkeep = ['input_messages']\ndrop = ['documents']",
            "line 5, column 8: `keep` and `drop` do not go together: what is not kept is dropped",
        ),
        (
            "capture = 'masked'\nkeep = ['prompts']",
            "line 4, column 9: content has no field `prompts`: write one of instructions, input_messages, output_messages, tool_definitions, tool_arguments, tool_results, documents",
        ),
        (
            "capture = 'none'\nsample = 0.5",
            "line 4, column 10: nothing leaves of these calls: there is nothing to sample",
        ),
        (
            "capture = 'metadata'\nsample = 10",
            "line 4, column 10: `sample` is a number from 0 to 1, such as 0.1 for a tenth",
        ),
        (
            "capture = 'none'\n[[rule]]\nname = 'r'\ncapture = 'none'",
            "line 5, column 8: there is another rule `r`: give each a name of its own",
        ),
        (
            "capture = 'none'\n[sampling]\nkeep_slower_than = '30'",
            "line 5, column 20: `30` is no time: write \"30s\" or \"1m 30s\"",
        ),
        (
            "capture = 'none'\n[sampling]\nkeep_costlier_than = '$5'",
            "line 5, column 22: `$5` is no amount of money: write \"0.50 USD\"",
        ),
        (
            "capture = 'none'\n[mask]\ndetect = 'emails'",
            "line 5, column 10: nothing detects `emails`: did you mean `email`?",
        ),
        (
            "capture = 'none'\n[mask]\npatterns = ['ok', 'x*']",
            "line 5, column 19: the pattern matches the empty text: make it ask for a character",
        ),
        (
            "capture = 'none'\n[attributes]\nnever = ['user_agent.orginal']",
            "line 5, column 10: there is no attribute `user_agent.orginal`: did you mean `user_agent.original`?",
        ),
        (
            "capture = 'none'\n[masks]\n",
            "line 4, column 2: a policy has no `masks`: did you mean `mask`?",
        ),
    ] {
        assert_eq!(refused(rest), why, "{rest}");
    }
    let syntax = refused("capture = 'none");
    assert!(syntax.starts_with("line 3, column "), "{syntax}");
    assert!(
        syntax.ends_with("; the file must be valid TOML"),
        "{syntax}"
    );
    let nameless = PolicyFile::parse("[[rule]]\ncapture = 'none'").unwrap_err();
    assert_eq!(
        nameless.to_string(),
        "line 1, column 1: the rule has no `name`: calls that leave say which rule let them"
    );
}

#[test]
fn what_is_likely_not_meant_is_warned_of() {
    let rule = |name: &str, rest: &str| format!("[[rule]]\nname = '{name}'\n{rest}\n");
    let warned = |text: String| PolicyFile::parse(&text).unwrap().warnings();
    let wide = rule("wide", "when.model = 'gpt-*'\ncapture = 'metadata'");
    let narrow = rule(
        "narrow",
        "when = { model = 'gpt-5', team = 'x' }\ncapture = 'none'",
    );
    assert_eq!(
        warned(format!("{wide}{narrow}")),
        ["rule `narrow` never decides: all its calls match `wide` before it; move it up"]
    );
    assert!(warned(format!("{narrow}{wide}")).is_empty());
    let all = rule("all", "capture = 'metadata'");
    assert_eq!(
        warned(format!("[default]\ncapture = 'none'\n{all}{wide}")),
        [
            "rule `wide` never decides: all its calls match `all` before it; move it up",
            "rule `all` matches every call: nothing behind it is asked",
            "[default] never decides: a rule matches every call",
        ]
    );
    assert_eq!(
        warned("[mask]\nnames = ['Ann Smith']\n[sampling]\nkeep_slower_than = '9s'".to_owned()),
        [
            "[mask] does nothing: no rule says capture = \"masked\"",
            "[sampling] keeps what it does not drop: give it a `rate`",
        ]
    );
}

/// What the documentation shows can be used as it stands there.
#[test]
fn the_examples_of_the_documentation_are_policies() {
    let page = include_str!("../../../../docs/policy.md");
    let mut blocks = page.split("```toml\n").skip(1);
    let examples: Vec<_> = blocks
        .by_ref()
        .filter_map(|block| block.split("```").next())
        .collect();
    assert!(examples.len() >= 4);
    for example in examples {
        let file = PolicyFile::parse(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert!(file.warnings().is_empty(), "{:?}", file.warnings());
    }
}
