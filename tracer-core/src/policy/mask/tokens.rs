//! Credentials that say what they are: by how the services begin them.
//!
//! Prefixes as the services document them, or as their own clients and consoles show them; lengths
//! are lower bounds, since services lengthen their keys without notice. The bias is to mask.

use super::{
    kind::Kind,
    span::{Span, Tail, begins_word},
};

/// How a kind of credential looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub prefix: &'static str,
    /// The fewest bytes behind it.
    least: usize,
    tail: Letters,
}

/// What may stand in a credential.
#[derive(Debug, Clone, Copy)]
enum Letters {
    /// Letters and digits.
    Alnum,
    /// Of base64 for URLs, and dots between its parts.
    Url,
    /// Of paths.
    Path,
}

const fn shape(prefix: &'static str, least: usize, tail: Letters) -> Shape {
    Shape {
        prefix,
        least,
        tail,
    }
}

use Letters::{Alnum, Path, Url};

/// By service, in the order of the alphabet.
pub(super) const SHAPES: &[Shape] = &[
    shape("AGE-SECRET-KEY-1", 40, Alnum),
    // 1Password service accounts.
    shape("ops_eyJ", 40, Url),
    // Adyen.
    shape("AQE", 60, Url),
    // Airtable.
    shape("pat.", 60, Url),
    // Atlassian.
    shape("ATATT3", 40, Url),
    shape("ATCTT3", 40, Url),
    // Amazon: "IAM identifiers", unique ids of keys; Bedrock API keys.
    shape("AKIA", 16, Alnum),
    shape("ASIA", 16, Alnum),
    shape("ABSK", 40, Url),
    shape("bedrock-api-key-", 20, Url),
    // Cerebras, Fireworks, Groq, NVIDIA, Perplexity, Replicate, Tavily, xAI, Voyage, Langfuse, Hugging Face.
    shape("csk-", 20, Alnum),
    shape("fw_", 20, Alnum),
    shape("gsk_", 20, Alnum),
    shape("nvapi-", 20, Url),
    shape("pplx-", 20, Alnum),
    shape("r8_", 30, Alnum),
    shape("tvly-", 20, Url),
    shape("xai-", 20, Url),
    shape("pa-", 40, Url),
    shape("hf_", 30, Alnum),
    shape("api_org_", 30, Alnum),
    // Clojars, Cloudflare, Contentful, Databricks, Deno, DigitalOcean, Docker, Doppler, Dropbox, Dynatrace.
    shape("CLOJARS_", 40, Alnum),
    shape("CFPAT-", 30, Url),
    shape("dapi", 32, Alnum),
    shape("ddp_", 30, Alnum),
    shape("ddo_", 30, Alnum),
    shape("doo_v1_", 40, Alnum),
    shape("dop_v1_", 40, Alnum),
    shape("dor_v1_", 40, Alnum),
    shape("dckr_pat_", 20, Url),
    shape("dp.pt.", 30, Url),
    shape("dp.st.", 30, Url),
    shape("sl.", 100, Url),
    shape("dt0c01.", 40, Url),
    // Figma, Fly, Frame.io.
    shape("figd_", 30, Url),
    shape("FlyV1 ", 40, Url),
    shape("fo1_", 30, Url),
    // GitHub: "About authentication to GitHub", token formats.
    shape("ghp_", 30, Alnum),
    shape("gho_", 30, Alnum),
    shape("ghu_", 30, Alnum),
    shape("ghs_", 30, Url),
    shape("ghr_", 30, Alnum),
    shape("github_pat_", 40, Url),
    // GitLab: "Token overview", prefixes.
    shape("glpat-", 20, Url),
    shape("gldt-", 20, Url),
    shape("glrt-", 20, Url),
    shape("glcbt-", 20, Url),
    shape("glptt-", 20, Url),
    shape("glsoat-", 20, Url),
    shape("gloas-", 20, Url),
    // Google: API keys, OAuth access tokens and client secrets, refresh tokens.
    shape("AIza", 30, Url),
    shape("ya29.", 20, Url),
    shape("GOCSPX-", 20, Url),
    shape("1//0", 40, Url),
    // Grafana.
    shape("glsa_", 30, Url),
    shape("glc_eyJ", 30, Url),
    // HashiCorp: Vault and Terraform.
    shape("hvs.", 24, Url),
    shape("hvb.", 24, Url),
    shape(".atlasv1.", 60, Url),
    // Heroku, Hubspot, Intercom, Linear, Mailchimp, Mailgun, MapBox, Netlify, New Relic, Notion.
    shape("HRKU-", 30, Url),
    shape("pat-na1-", 30, Url),
    shape("pat-eu1-", 30, Url),
    shape("lin_api_", 30, Alnum),
    shape("key-", 32, Alnum),
    shape("sk.eyJ", 40, Url),
    shape("nfp_", 30, Url),
    shape("NRAK-", 20, Alnum),
    shape("ntn_", 30, Alnum),
    shape("secret_", 40, Alnum),
    // JSON Web Tokens (RFC 7519) and whatever else begins with `{"` in base64.
    shape("eyJ", 17, Url),
    // npm, NuGet, Okta, OpenAI and everyone who begins keys as they do, Langfuse.
    shape("npm_", 30, Alnum),
    shape("oy2", 43, Alnum),
    shape("sk-", 20, Url),
    shape("pk-lf-", 30, Url),
    shape("sess-", 30, Alnum),
    // Planetscale, Postman, Prefect, Pulumi, PyPI, RubyGems.
    shape("pscale_tkn_", 30, Url),
    shape("pscale_pw_", 30, Url),
    shape("PMAK-", 30, Url),
    shape("pnu_", 30, Alnum),
    shape("pul-", 40, Alnum),
    shape("pypi-AgE", 50, Url),
    shape("rubygems_", 40, Alnum),
    // Sendgrid, Sendinblue, Sentry, Shopify.
    shape("SG.", 40, Url),
    shape("xkeysib-", 60, Url),
    shape("sntrys_", 40, Url),
    shape("sntryu_", 40, Alnum),
    shape("shpat_", 30, Alnum),
    shape("shpca_", 30, Alnum),
    shape("shppa_", 30, Alnum),
    shape("shpss_", 30, Alnum),
    // Slack: "Token types"; incoming webhooks.
    shape("xoxb-", 20, Url),
    shape("xoxp-", 20, Url),
    shape("xoxa-", 20, Url),
    shape("xoxs-", 20, Url),
    shape("xoxr-", 20, Url),
    shape("xoxe.", 20, Url),
    shape("xoxe-", 20, Url),
    shape("xoxc-", 20, Url),
    shape("xoxd-", 20, Url),
    shape("xapp-", 20, Url),
    shape("hooks.slack.com/services/", 20, Path),
    shape("hooks.slack.com/workflows/", 20, Path),
    // Discord and Teams webhooks.
    shape("discord.com/api/webhooks/", 40, Path),
    shape("discordapp.com/api/webhooks/", 40, Path),
    shape("webhook.office.com/webhookb2/", 40, Path),
    // Square, Stripe ("API keys"), Supabase, Telegram bots, Tailscale, Typeform, Vercel, WorkOS.
    shape("EAAA", 60, Url),
    shape("sq0atp-", 20, Url),
    shape("sq0csp-", 40, Url),
    shape("sk_", 20, Url),
    shape("rk_live_", 20, Alnum),
    shape("rk_test_", 20, Alnum),
    shape("whsec_", 30, Path),
    shape("sbp_", 40, Alnum),
    shape("sb_secret_", 20, Url),
    shape(":AA", 33, Url),
    shape("tskey-", 20, Url),
    shape("tfp_", 40, Url),
    shape("vcp_", 20, Alnum),
    // Weights & Biases.
    shape("wandb_v1_", 40, Url),
];

/// The credential of this shape whose prefix stands at `at`.
pub(super) fn find(text: &[u8], at: usize, shape: &Shape) -> Option<Span> {
    let prefix = shape.prefix.as_bytes();
    if !text.get(at..)?.starts_with(prefix) {
        return None;
    }
    let from = at + prefix.len();
    let bot = shape.prefix == ":AA";
    let start = if bot { bot_number(text, at)? } else { at };
    // What has an underscore or many letters is nobody's word, wherever it stands.
    let telling = prefix.len() >= 4 && (prefix.contains(&b'_') || prefix.len() >= 8);
    if !telling && !begins_word(text, start) {
        return None;
    }
    let letters: fn(u8) -> bool = match shape.tail {
        Alnum => |byte| byte.is_ascii_alphanumeric(),
        Url => |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
        Path => |byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'+' | b'=')
        },
    };
    let rest = text.get(from..)?;
    let length = rest
        .iter()
        .take(256)
        .take_while(|byte| letters(**byte))
        .count();
    let tail = rest.get(..length)?;
    let trimmed = length
        - tail
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b'.' | b'-'))
            .count();
    if trimmed < shape.least || !is_mixed(tail) {
        return None;
    }
    let span = Span::new(start, from + trimmed, Kind::Credential);
    Some(if length == 256 {
        span.with_tail(Tail::Token)
    } else {
        span
    })
}

/// The number of a Telegram bot before its secret.
fn bot_number(text: &[u8], colon: usize) -> Option<usize> {
    let before = text.get(..colon)?;
    let digits = before
        .iter()
        .rev()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (8..=10).contains(&digits).then(|| colon - digits)
}

/// Whether this is more than words: it has digits, or capitals among small letters.
pub(super) fn is_mixed(text: &[u8]) -> bool {
    let any = |is: fn(&u8) -> bool| text.iter().any(is);
    any(u8::is_ascii_digit) || (any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase))
}
