using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Routing;

/// <summary>A call that is not made: where would it go?</summary>
internal sealed record ExplainRoute
{
    public required string Model { get; init; }

    /// <summary>With the scope of this key.</summary>
    public string? KeyId { get; init; }

    /// <summary>For this user, without a key's scope; admins only. Left out: for the caller.</summary>
    public string? UserId { get; init; }

    /// <summary>The group whose prefix the path would have.</summary>
    public string? Group { get; init; }

    /// <summary>The client's protocol; <c>chat</c> when left out.</summary>
    [Allowed("chat", "responses", "messages", "gemini")]
    public string? Protocol { get; init; }

    public bool? Stream { get; init; }

    /// <summary>Tokens of the prompt; 1,000 when left out.</summary>
    public long? InputTokens { get; init; }

    /// <summary>The call's own limit of output.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>The channel that its conversation is bound to, such as <c>chn_1001</c>.</summary>
    public string? Conversation { get; init; }
}

/// <summary>Where it would go, and why.</summary>
internal sealed record RouteExplanation
{
    public required string Model { get; init; }

    [Allowed("chat", "responses", "messages", "gemini")]
    public required string Protocol { get; init; }

    /// <summary>
    /// Why the call would be refused: <c>unknown_model</c>, <c>model_not_allowed</c>, <c>unknown_group</c>,
    /// <c>unpriced</c> or <c>no_channel</c>; null when it would be served.
    /// </summary>
    public string? Refusal { get; init; }

    /// <summary>
    /// The group that the call would most likely be served by; all its fallbacks are of that group. Null: by channels
    /// without a group.
    /// </summary>
    public string? Group { get; init; }

    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public required string Policy { get; init; }

    /// <summary>
    /// What decides for the first channel, in the receipt's words; <c>caller</c> is the policy <c>sticky</c>,
    /// <c>own_protocol</c> that others of its priority can only be reached by translation.
    /// </summary>
    [Allowed(
        "none", "only_one", "priority", "weight", "load", "price", "order", "bound", "switched", "last_resort",
        "caller", "own_protocol")]
    public required string Reason { get; init; }

    /// <summary>Attempts that are made at most.</summary>
    public required int AttemptsMax { get; init; }

    /// <summary>What would be held before anything is sent: at the dearest of the channels that are tried.</summary>
    public Usd? Hold { get; init; }

    /// <summary>First those that would be tried, in order; then those left out.</summary>
    public required IReadOnlyList<CandidateView> Candidates { get; init; }

    /// <summary>Live inputs that were not known here and taken for those of an idle, healthy channel.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }
}

/// <summary>A channel that serves the model, as the choice sees it.</summary>
internal sealed record CandidateView
{
    /// <summary>Null for another owner's channel.</summary>
    public string? ChannelId { get; init; }

    public string? Name { get; init; }

    /// <summary>Place in the order, from 1; null when it is left out or comes after the last attempt.</summary>
    public int? Place { get; init; }

    /// <summary>
    /// How it stands: <c>available</c>, <c>full</c>, <c>resting</c>, <c>exhausted</c>, <c>out_of_scope</c>,
    /// <c>other_group</c>, <c>other_call</c> or <c>unpriced</c>.
    /// </summary>
    public required string Verdict { get; init; }

    /// <summary>Of such calls, the part that would come here first.</summary>
    public required double FirstShare { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }
    public int? Priority { get; init; }
    public int? Weight { get; init; }

    /// <summary>Called in the client's own protocol, without translation.</summary>
    public required bool IsOwnProtocol { get; init; }

    /// <summary>Dollars for one million tokens, without factors.</summary>
    public PricePerMillion? Input { get; init; }

    public PricePerMillion? Output { get; init; }

    /// <summary>By what the group multiplies the price.</summary>
    public string? GroupFactor { get; init; }

    /// <summary>By what surge and fire-sale multiply it.</summary>
    public string? LiveFactor { get; init; }

    /// <summary>What would be held for it here.</summary>
    public Usd? Hold { get; init; }

    /// <summary>By what its weight is multiplied for load, quota left, errors and time to the first token.</summary>
    public double? LiveScore { get; init; }

    public int? SlotsMax { get; init; }
    public int? SlotsUsed { get; init; }

    /// <summary>What is left of the primary window, in basis points.</summary>
    public int? LeftBp { get; init; }

    /// <summary>Lately failed attempts of 10,000.</summary>
    public int? FailedBp { get; init; }

    public int? FirstTokenMs { get; init; }
}
