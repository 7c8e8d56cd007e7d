using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Keys;

/// <summary>What a key's fields may hold.</summary>
internal static class KeyRules
{
    public const int PerUserMax = 1000;
    private const int ListMax = 200;
    private const int GroupsMax = 50;
    private const int RpmMax = 1_000_000;
    private const int TpmMax = 1_000_000_000;
    private const int ConcurrencyMax = 100_000;
    private static readonly TimeSpan LifeMax = TimeSpan.FromDays(366 * 50);

    public static KeyScope Check(CreateKey body, DateTime now)
    {
        var checks = new FieldChecks();
        var scope = new KeyScope
        {
            Name = body.Name,
            Models = ModelNames.CheckPatterns(checks, body.Models, "models"),
            Channels = CheckChannels(checks, body.Channels),
            Groups = GroupNames.Check(checks, body.Groups, "groups", GroupsMax),
            ExpiresAt = body.ExpiresAt,
            SpendLimit = body.SpendLimit,
            Rpm = body.Rpm,
            Tpm = body.Tpm,
            MaxConcurrency = body.MaxConcurrency,
            IpAllow = CheckAddresses(checks, body.IpAllow),
            Unsupported = CheckUnsupported(checks, body.Unsupported) ?? "drop",
        };
        CheckLimits(checks, scope);
        CheckExpiry(checks, body.ExpiresAt, now);
        checks.ThrowIfAny();
        return scope;
    }

    /// <summary>The scope after a change; fields that were not sent keep what they had.</summary>
    public static KeyScope Check(JsonBody<UpdateKey> body, KeyScope before, DateTime now)
    {
        var checks = new FieldChecks();
        var change = body.Value;
        checks.Require(!body.Has("name") || change.Name is not null, "name", "null", "must not be null");
        var after = before with
        {
            Name = change.Name ?? before.Name,
            Models = body.Has("models") ? ModelNames.CheckPatterns(checks, change.Models, "models") : before.Models,
            Channels = body.Has("channels") ? CheckChannels(checks, change.Channels) : before.Channels,
            Groups = body.Has("groups")
                ? GroupNames.Check(checks, change.Groups, "groups", GroupsMax) : before.Groups,
            ExpiresAt = body.Has("expires_at") ? change.ExpiresAt : before.ExpiresAt,
            SpendLimit = body.Has("spend_limit") ? change.SpendLimit : before.SpendLimit,
            Rpm = body.Has("rpm") ? change.Rpm : before.Rpm,
            Tpm = body.Has("tpm") ? change.Tpm : before.Tpm,
            MaxConcurrency = body.Has("max_concurrency") ? change.MaxConcurrency : before.MaxConcurrency,
            IpAllow = body.Has("ip_allow") ? CheckAddresses(checks, change.IpAllow) : before.IpAllow,
            Unsupported = CheckUnsupported(checks, change.Unsupported) ?? before.Unsupported,
            Status = StatusRules.Check(checks, body.Has, change.Status, change.Enabled) ?? before.Status,
        };
        CheckLimits(checks, after);
        CheckExpiry(checks, change.ExpiresAt, now);
        checks.ThrowIfAny();
        return after;
    }

    private static void CheckLimits(FieldChecks checks, KeyScope scope)
    {
        TextRules.Check(checks, scope.Name, "name");
        checks.Range(scope.Rpm, "rpm", 1, RpmMax);
        checks.Range(scope.Tpm, "tpm", 1, TpmMax);
        checks.Range(scope.MaxConcurrency, "max_concurrency", 1, ConcurrencyMax);
    }

    // An expiry that is past already is a slip of the pen; to stop a key there are better ways.
    private static void CheckExpiry(FieldChecks checks, DateTime? expiresAt, DateTime now)
    {
        if (expiresAt is { } at)
        {
            checks.Require(
                at > now && at < now + LifeMax, "expires_at", "out_of_range", "must be in the future, within 50 years");
        }
    }

    private static string? CheckUnsupported(FieldChecks checks, string? value)
    {
        TextRules.OneOf(checks, value, "unsupported", "drop", "error");
        return value;
    }

    private static long[] CheckChannels(FieldChecks checks, IReadOnlyList<string>? ids)
    {
        if (ids is null)
        {
            return [];
        }

        checks.Require(ids.Count <= ListMax, "channels", "too_many", $"must have at most {ListMax} entries");
        var channels = new List<long>();
        for (var i = 0; i < Math.Min(ids.Count, ListMax); i++)
        {
            if (WireId.TryParse(WireId.Channel, ids[i], out var id))
            {
                channels.Add(id);
            }
            else
            {
                checks.Add($"channels[{i}]", "bad_id", "must be a channel id such as chn_1001");
            }
        }

        return [.. channels.Distinct()];
    }

    private static string[] CheckAddresses(FieldChecks checks, IReadOnlyList<string>? ranges)
    {
        if (ranges is null)
        {
            return [];
        }

        checks.Require(ranges.Count <= ListMax, "ip_allow", "too_many", $"must have at most {ListMax} entries");
        var allowed = new List<string>();
        for (var i = 0; i < Math.Min(ranges.Count, ListMax); i++)
        {
            if (ranges[i] is { } text && NetworkText.TryParse(text, out var network))
            {
                allowed.Add(NetworkText.Format(network));
            }
            else
            {
                checks.Add($"ip_allow[{i}]", "bad_address", "must be an address or a CIDR range without host bits");
            }
        }

        return [.. allowed.Distinct(StringComparer.Ordinal)];
    }
}
