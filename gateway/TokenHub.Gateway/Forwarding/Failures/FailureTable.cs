using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Forwarding.Failures;

/// <summary>
/// The one place that says which class an upstream's error is of, for all providers. Names that a provider gives its
/// errors go first, then the beginnings of a few sentences, then the status. Nothing is looked for anywhere in a text:
/// upstreams quote requests in their refusals, and a caller must not be able to name a channel dead.
/// </summary>
internal static class FailureTable
{
    private const int Any = 0;

    // Error types, codes and Google's reasons, whole and without regard to case.
    private static readonly (string Name, int Status, FailureClass Class)[] Names =
    [
        // OpenAI and those who speak like it.
        ("invalid_api_key", Any, FailureClass.Credential),
        ("account_deactivated", Any, FailureClass.Credential),
        ("access_terminated", Any, FailureClass.Credential),
        ("insufficient_quota", Any, FailureClass.Quota),
        ("billing_hard_limit_reached", Any, FailureClass.Quota),
        ("billing_not_active", Any, FailureClass.Quota),
        ("rate_limit_exceeded", Any, FailureClass.Rate),
        ("model_not_found", Any, FailureClass.ModelMissing),
        ("server_is_overloaded", Any, FailureClass.Overloaded),
        ("slow_down", Any, FailureClass.Overloaded),
        ("DeploymentNotFound", Any, FailureClass.ModelMissing),
        ("insufficient_user_quota", Any, FailureClass.Quota),
        ("insufficient_balance", Any, FailureClass.Quota),
        ("exceeded_current_quota_error", Any, FailureClass.Quota),
        ("invalid_authentication_error", Any, FailureClass.Credential),
        ("engine_overloaded_error", Any, FailureClass.Overloaded),
        ("Arrearage", Any, FailureClass.Quota),
        ("InvalidApiKey", Any, FailureClass.Credential),
        ("1113", 429, FailureClass.Quota),

        // Anthropic, and what Bedrock's exceptions are put into.
        ("authentication_error", Any, FailureClass.Credential),
        ("billing_error", Any, FailureClass.Quota),
        ("rate_limit_error", Any, FailureClass.Rate),
        ("overloaded_error", Any, FailureClass.Overloaded),
        ("not_found_error", 404, FailureClass.ModelMissing),

        // Google's status words, and the reasons in their details.
        ("API_KEY_INVALID", Any, FailureClass.Credential),
        ("API_KEY_SERVICE_BLOCKED", Any, FailureClass.Credential),
        ("ACCESS_TOKEN_EXPIRED", Any, FailureClass.Credential),
        ("CONSUMER_SUSPENDED", Any, FailureClass.Credential),
        ("SERVICE_DISABLED", Any, FailureClass.Credential),
        ("UNAUTHENTICATED", Any, FailureClass.Credential),
        ("BILLING_DISABLED", Any, FailureClass.Quota),
        ("RESOURCE_EXHAUSTED", Any, FailureClass.Rate),
        ("UNAVAILABLE", Any, FailureClass.Overloaded),
        ("NOT_FOUND", 404, FailureClass.ModelMissing),
    ];

    // How a provider's sentence begins where the name beside it is the one of a wrong request.
    private static readonly (string Beginning, FailureClass Class)[] Sentences =
    [
        ("Your credit balance is too low", FailureClass.Quota),
        ("You exceeded your current quota", FailureClass.Quota),
        ("You have reached your specified API usage limits", FailureClass.Quota),
        ("Insufficient Balance", FailureClass.Quota),
        ("Your team has either used all available credits", FailureClass.Quota),
        ("API key not valid", FailureClass.Credential),
        ("API key expired", FailureClass.Credential),
        ("API Key not found", FailureClass.Credential),
        ("Incorrect API key provided", FailureClass.Credential),
        ("Authentication Fails", FailureClass.Credential),
        ("This organization has been disabled", FailureClass.Credential),
        ("Project does not have access to model", FailureClass.ModelMissing),
        ("You don't have access to the model", FailureClass.ModelMissing),
    ];

    /// <summary>The class of an error as an upstream told it.</summary>
    /// <param name="status">Of the answer; 200 for an error that came in a stream.</param>
    public static FailureClass Of(int status, in ReportedError told, in GoogleDetails details)
    {
        if (details.IsFlagged)
        {
            return FailureClass.Caller;
        }

        var named = OfNames(status, told, details);
        if (named == FailureClass.Rate && details.IsDaily)
        {
            return FailureClass.Quota;
        }

        // A name of little weight gives way to a sentence that says more: OpenAI's quota is a rate limit, too. And a
        // refusal without a word is some wall on the way, no provider's.
        var said = OfSentence(told.Message);
        return said != FailureClass.None && named is FailureClass.None or FailureClass.Rate ? said
            : named != FailureClass.None ? named
            : status == 200 ? OfReported(told)
            : status == 403 && told is { Type: null, Code: null, Message: null } ? FailureClass.Transient
            : OfStatus(status);
    }

    /// <summary>The class by the status alone.</summary>
    public static FailureClass OfStatus(int status) => status switch
    {
        401 or 403 => FailureClass.Credential,
        402 => FailureClass.Quota,
        429 => FailureClass.Rate,
        503 or 529 => FailureClass.Overloaded,

        // A wait that was too long, early data, a request that the upstream believes its caller to have given up.
        408 or 425 or 499 => FailureClass.Transient,
        >= 400 and < 500 => FailureClass.Caller,
        _ => FailureClass.Transient,
    };

    private static FailureClass OfNames(int status, in ReportedError told, in GoogleDetails details)
    {
        foreach (var (name, only, found) in Names)
        {
            if ((only == Any || only == status)
                && (Is(told.Code, name) || Is(told.Type, name) || Is(details.Reason, name)))
            {
                return found;
            }
        }

        // Alibaba's and Amazon's: Throttling, Throttling.RateQuota, ThrottlingException.
        return Begins(told.Code, "Throttl") || Begins(told.Type, "Throttl") ? FailureClass.Rate : FailureClass.None;
    }

    private static FailureClass OfSentence(string? message)
    {
        foreach (var (beginning, found) in Sentences)
        {
            if (Begins(message, beginning))
            {
                return found;
            }
        }

        return FailureClass.None;
    }

    private static FailureClass OfReported(in ReportedError told) => told.KindOf(200) switch
    {
        ErrorKind.ContextTooLong or ErrorKind.InvalidRequest or ErrorKind.TooLarge => FailureClass.Caller,
        ErrorKind.RateLimit => FailureClass.Rate,
        ErrorKind.Overloaded => FailureClass.Overloaded,
        _ => FailureClass.Transient,
    };

    private static bool Is(string? text, string name) =>
        text is not null && text.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static bool Begins(string? text, string beginning) =>
        text is not null && text.StartsWith(beginning, StringComparison.OrdinalIgnoreCase);
}
