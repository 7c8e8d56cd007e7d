using System.Text.Json;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Exchanges;

/// <summary>One upstream as a snapshot describes it, with all prepared that does not depend on the request.</summary>
public sealed class UpstreamChannel
{
    private readonly ChannelEntry _entry;

    internal UpstreamChannel(ChannelEntry entry, SecretBox box, ChannelLive? live = null)
    {
        _entry = entry;
        Live = live ?? new ChannelLive(entry.Id);
        Limits = ChannelLimits.Of(entry);
        Secret = box.TryOpen(entry.SealedCredential, entry.CredentialContext, out var secret)
            ? ChannelSecret.Read(entry.CredentialType, secret)
            : ChannelSecret.None;
        Site = UpstreamSite.Of(entry, Secret);
        Fingerprint = (Secret == ChannelSecret.None ? entry.SealedCredential : Secret.Fingerprint)
            + "\n" + entry.BaseUrl;
        ExtraHeaders = OpenHeaders(entry, box, out var areHeadersBroken);
        Fault = areHeadersBroken ? "its headers cannot be read" : FaultOf(entry, Secret);
    }

    public long Id => _entry.Id;

    public Provider Provider => _entry.Provider;

    public long OwnerAccount => _entry.OwnerAccount;

    public int OwnerShareBp => _entry.OwnerShareBp;

    public AbortPolicy OnClientAbort => _entry.OnClientAbort;

    public bool TrustsUsage => _entry.TrustsUsage;

    /// <summary>The channel as the control plane tells of it.</summary>
    public ChannelEntry Entry => _entry;

    /// <summary>It has slots, rates or windows: a gate has to be asked for a place.</summary>
    internal bool IsLimited => !Limits.IsNone;

    /// <summary>What is known of it at the moment.</summary>
    internal ChannelLive Live { get; }

    /// <summary>What is counted of it over all gateways.</summary>
    internal ChannelLimits Limits { get; }

    public int Weight => Math.Max(0, _entry.Weight);

    public int Priority => _entry.Priority;

    /// <summary>Changes with address and credential: what was learnt of the former ones no longer holds.</summary>
    internal string Fingerprint { get; }

    /// <summary>The credential as it is stored.</summary>
    internal string SealedCredential => _entry.SealedCredential;

    /// <summary>What a credential of this channel is sealed with.</summary>
    internal string CredentialContext => _entry.CredentialContext;

    /// <summary>Why this channel can serve nothing, or null.</summary>
    internal string? Fault { get; }

    /// <summary>The credential in the clear; leaves only in what says who calls.</summary>
    internal ChannelSecret Secret { get; }

    /// <summary>Where it is called and in which protocol.</summary>
    internal UpstreamSite Site { get; }

    /// <summary>Headers that the channel sends with each call.</summary>
    internal KeyValuePair<string, string>[] ExtraHeaders { get; }

    /// <summary>What says who calls; put here by the store of credentials when it is first asked for.</summary>
    internal object? CredentialSlot { get; set; }

    /// <summary>All that must not be told of the channel to a caller.</summary>
    internal IEnumerable<string> SecretTexts => Secret.Texts.Concat(ExtraHeaders.Select(header => header.Value));

    /// <summary>The provider's name as metrics and logs write it.</summary>
    internal string ProviderName => _entry.Provider switch
    {
        Provider.OpenAi => "openai",
        Provider.Anthropic => "anthropic",
        Provider.Gemini => "gemini",
        Provider.DeepSeek => "deepseek",
        Provider.OpenAiCompatible => "openai_compatible",
        Provider.Azure => "azure",
        Provider.Bedrock => "bedrock",
        _ => "vertex",
    };

    public bool IsInGroup(string group) => _entry.Groups.Contains(group, StringComparer.Ordinal);

    /// <summary>
    /// The protocol in which a model is called here for a client of a protocol: his own where it can be.
    /// </summary>
    public Dialect DialectFor(Dialect client, string upstreamModel) => Site.DialectFor(client, upstreamModel);

    private static KeyValuePair<string, string>[] OpenHeaders(ChannelEntry entry, SecretBox box, out bool isBroken)
    {
        isBroken = false;
        if (entry.SealedHeaders is not { Length: > 0 } text)
        {
            return [];
        }

        isBroken = !box.TryOpen(text, entry.HeadersContext, out var json);
        try
        {
            using var document = JsonDocument.Parse(isBroken ? "{}"u8.ToArray() : json);
            return [.. document.RootElement.EnumerateObject()
                .Select(header => KeyValuePair.Create(header.Name.ToLowerInvariant(), header.Value.GetString()!))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            isBroken = true;
            return [];
        }
    }

    private static string? FaultOf(ChannelEntry entry, ChannelSecret secret)
    {
        if (entry.CredentialType == "aws" && entry.Provider != Provider.Bedrock)
        {
            return "its credential is for another provider";
        }

        if (!secret.IsUsable)
        {
            return "its credential cannot be read";
        }

        return Uri.TryCreate(entry.BaseUrl, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https")
            && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? null
            : "its address is not usable";
    }
}
