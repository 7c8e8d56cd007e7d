using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Channels;

/// <summary>A channel's fields but for id, owner and credential, checked and ready to be stored.</summary>
internal sealed record ChannelShape
{
    public required string Name { get; init; }
    public required string Provider { get; init; }
    public required string BaseUrl { get; init; }
    public required string[] Models { get; init; }
    public IReadOnlyDictionary<string, string> ModelMap { get; init; } = new Dictionary<string, string>();
    public string[] Groups { get; init; } = [];
    public int Weight { get; init; } = 1;
    public int Priority { get; init; }
    public int OwnerShareBp { get; init; }
    public int? MaxConcurrency { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public IReadOnlyList<QuotaWindow> Windows { get; init; } = [];
    public FireSale? FireSale { get; init; }
    public Surge? Surge { get; init; }
    public string OnClientAbort { get; init; } = "cancel";
    public bool TrustsUsage { get; init; } = true;
    public string[] Apis { get; init; } = [];
    public string? ApiVersion { get; init; }
    public string Status { get; init; } = "active";
}

/// <summary>What a channel's fields may hold, and what a member may not set on a channel of his own.</summary>
internal sealed class ChannelRules(UpstreamRules upstreams)
{
    public const int PerOwnerMax = 500;
    private const int WeightMax = 1_000_000;
    private const int MemberWeightMax = 100;
    private const int PriorityMax = 1000;
    private const int ConcurrencyMax = 100_000;
    private const int GroupsMax = 20;

    public ChannelShape Check(CreateChannel body, Caller caller)
    {
        var checks = new FieldChecks();
        TextRules.OneOf(checks, body.Provider, "provider", [.. CredentialRules.Providers]);
        CredentialRules.Check(checks, body.Credential, body.Provider, upstreams);
        var shape = new ChannelShape
        {
            Name = body.Name,
            Provider = body.Provider,
            BaseUrl = CheckUrl(checks, body.BaseUrl, caller),
            Models = CheckModels(checks, body.Models),
            ModelMap = CheckMap(checks, body.ModelMap),
            Groups = GroupNames.Check(checks, body.Groups, "groups", GroupsMax),
            Weight = body.Weight ?? 1,
            Priority = body.Priority ?? 0,
            OwnerShareBp = body.OwnerShareBp ?? 0,
            MaxConcurrency = body.MaxConcurrency,
            Rpm = body.Rpm,
            Tpm = body.Tpm,
            Windows = WindowRules.Check(checks, body.Windows),
            FireSale = body.FireSale,
            Surge = body.Surge,
            OnClientAbort = body.OnClientAbort ?? "cancel",
            TrustsUsage = body.TrustsUsage ?? true,
            Apis = UpstreamFieldRules.CheckApis(checks, body.Apis, body.Provider),
            ApiVersion = UpstreamFieldRules.CheckVersion(checks, body.ApiVersion, body.Provider),
        };
        UpstreamFieldRules.CheckHeaders(checks, body.Headers, stored: []);
        UpstreamFieldRules.CheckPlace(checks, shape, body.Credential);
        CheckNumbers(checks, shape);
        CheckMember(checks, shape, new ChannelShape { Name = "", Provider = "", BaseUrl = "", Models = [] }, caller);
        checks.ThrowIfAny();
        return shape;
    }

    /// <summary>The shape after a change; fields that were not sent keep what they had.</summary>
    /// <param name="headers">Names of the headers that are stored.</param>
    public ChannelShape Check(
        JsonBody<UpdateChannel> body, ChannelShape before, IReadOnlyCollection<string> headers, Caller caller)
    {
        var checks = new FieldChecks();
        var change = body.Value;
        RefuseNulls(checks, body);
        UpstreamFieldRules.CheckHeaders(checks, change.Headers, headers);
        if (change.Credential is { } credential)
        {
            CredentialRules.Check(checks, credential, before.Provider, upstreams);
        }

        var after = before with
        {
            Name = change.Name ?? before.Name,
            BaseUrl = change.BaseUrl is { } url ? CheckUrl(checks, url, caller) : before.BaseUrl,
            Models = change.Models is { } models ? CheckModels(checks, models) : before.Models,
            ModelMap = change.ModelMap is { } map ? CheckMap(checks, map) : before.ModelMap,
            Groups = change.Groups is { } groups
                ? GroupNames.Check(checks, groups, "groups", GroupsMax) : before.Groups,
            Weight = change.Weight ?? before.Weight,
            Priority = change.Priority ?? before.Priority,
            OwnerShareBp = change.OwnerShareBp ?? before.OwnerShareBp,
            MaxConcurrency = body.Has("max_concurrency") ? change.MaxConcurrency : before.MaxConcurrency,
            Rpm = body.Has("rpm") ? change.Rpm : before.Rpm,
            Tpm = body.Has("tpm") ? change.Tpm : before.Tpm,
            Windows = change.Windows is { } windows ? WindowRules.Check(checks, windows) : before.Windows,
            FireSale = body.Has("fire_sale") ? change.FireSale : before.FireSale,
            Surge = body.Has("surge") ? change.Surge : before.Surge,
            OnClientAbort = change.OnClientAbort ?? before.OnClientAbort,
            TrustsUsage = change.TrustsUsage ?? before.TrustsUsage,
            Apis = change.Apis is { } apis
                ? UpstreamFieldRules.CheckApis(checks, apis, before.Provider) : before.Apis,
            ApiVersion = body.Has("api_version")
                ? UpstreamFieldRules.CheckVersion(checks, change.ApiVersion, before.Provider) : before.ApiVersion,
            Status = StatusRules.Check(checks, body.Has, change.Status, change.Enabled) ?? before.Status,
        };
        CheckNumbers(checks, after);
        CheckMember(checks, after, before, caller);
        checks.ThrowIfAny();
        return after;
    }

    private static void RefuseNulls(FieldChecks checks, JsonBody<UpdateChannel> body)
    {
        var change = body.Value;
        foreach (var (field, value) in new (string, object?)[]
        {
            ("name", change.Name), ("base_url", change.BaseUrl), ("credential", change.Credential),
            ("models", change.Models), ("model_map", change.ModelMap), ("groups", change.Groups),
            ("weight", change.Weight), ("priority", change.Priority), ("owner_share_bp", change.OwnerShareBp),
            ("windows", change.Windows), ("on_client_abort", change.OnClientAbort),
            ("trusts_usage", change.TrustsUsage), ("apis", change.Apis), ("headers", change.Headers),
        })
        {
            checks.Require(!body.Has(field) || value is not null, field, "null", "must not be null");
        }
    }

    private string CheckUrl(FieldChecks checks, string text, Caller caller)
    {
        if (upstreams.FaultOfUrl(text) is { } fault)
        {
            checks.Add("base_url", "bad_url", fault);
            return text;
        }

        var uri = new Uri(text);
        if (!caller.IsAdmin && !upstreams.AllowsPort(uri))
        {
            checks.Add("base_url", "bad_url", "must use the usual port");
        }

        return uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
    }

    private static string[] CheckModels(FieldChecks checks, IReadOnlyList<string> models)
    {
        checks.Require(models.Count > 0, "models", "empty", "must name at least one model or pattern");
        return ModelNames.CheckPatterns(checks, models, "models");
    }

    private static Dictionary<string, string> CheckMap(FieldChecks checks, IReadOnlyDictionary<string, string>? map)
    {
        if (map is null)
        {
            return [];
        }

        checks.Require(map.Count <= ModelNames.CountMax, "model_map", "too_many", "has too many entries");
        checks.Require(
            map.All(pair => ModelNames.IsName(pair.Key) && ModelNames.IsName(pair.Value)),
            "model_map",
            "bad_model",
            "must map model names to model names, without patterns");
        return map.ToDictionary(StringComparer.Ordinal);
    }

    private static void CheckNumbers(FieldChecks checks, ChannelShape shape)
    {
        TextRules.Check(checks, shape.Name, "name");
        checks.Range(shape.Weight, "weight", 0, WeightMax);
        checks.Range(shape.Priority, "priority", -PriorityMax, PriorityMax);
        checks.Range(shape.OwnerShareBp, "owner_share_bp", 0, TariffMath.OwnerShareBpMax);
        TextRules.OneOf(checks, shape.OnClientAbort, "on_client_abort", "cancel", "drain");
        checks.Range(shape.MaxConcurrency, "max_concurrency", 1, ConcurrencyMax);
        QuotaRules.Check(checks, shape);
    }

    /// <summary>
    /// A member's channel competes in the common pool; he must not be able to draw all traffic to it.
    /// </summary>
    private static void CheckMember(FieldChecks checks, ChannelShape after, ChannelShape before, Caller caller)
    {
        if (caller.IsAdmin)
        {
            return;
        }

        const string Message = "can only be set by an admin";
        checks.Require(
            after.Weight <= MemberWeightMax || after.Weight == before.Weight,
            "weight",
            "forbidden",
            $"above {MemberWeightMax} {Message}");
        checks.Require(
            after.Priority <= 0 || after.Priority == before.Priority, "priority", "forbidden", $"above 0 {Message}");
        checks.Require(after.TrustsUsage == before.TrustsUsage, "trusts_usage", "forbidden", Message);
        checks.Require(after.Groups.SequenceEqual(before.Groups), "groups", "forbidden", Message);
        QuotaRules.CheckMember(checks, after, before, caller, MemberWeightMax);
    }
}
