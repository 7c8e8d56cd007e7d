using TokenHub.EndToEnd.Tests.Sdk.Upstream;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

/// <summary>What a client was told: the text and the usage, in one form for all SDKs.</summary>
public sealed record Told(string Text, Tokens? Usage);

/// <summary>What the tests look at in an SDK's own exception.</summary>
public sealed record Raised(int Status, string Message, bool IsOfTheSdk);

/// <summary>A tool's call, and the conversation as the SDK keeps it.</summary>
public sealed record Asked(ToolCall Call, object Conversation);

/// <summary>One official SDK, used as its readers use it.</summary>
public interface ISdkClient
{
    /// <summary>Part of the model names that belong to it.</summary>
    public string Surface { get; }

    /// <summary>True where the gateway's own count is exact, by a public vocabulary.</summary>
    public bool IsCountExact { get; }

    /// <summary>Status of a refusal for want of money.</summary>
    public int NoBalanceStatus { get; }

    public Task<IReadOnlyList<string>> ModelsAsync();

    public Task<Told> AskAsync(string model, string prompt);

    public Task<Told> StreamAsync(string model, string prompt, Action<string> onDelta, CancellationToken cancel);

    public Task<Asked> CallToolAsync(string model, string prompt, bool isStream);

    public Task<string> SendResultAsync(string model, Asked asked, string output);

    /// <summary>Tokens of a prompt, or null where the SDK has no such call.</summary>
    public Task<long?> CountAsync(string model, string prompt);

    public Raised Read(Exception exception);
}
