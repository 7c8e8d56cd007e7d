using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Groups;

/// <summary>A group's settings but for its name, checked and in the form in which they are stored.</summary>
internal sealed record GroupShape
{
    public string Policy { get; init; } = "weighted";
    public int PriceFactorBp { get; init; } = PriceFactors.Once;
    public long[] UserIds { get; init; } = [];
    public bool InCommon { get; init; } = true;
    public bool Hedges { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? QueueMax { get; init; }
    public int? QueueWaitMs { get; init; }
}

/// <summary>What a group's fields may hold.</summary>
internal static class GroupRules
{
    public const int GroupsMax = 500;
    private const int UsersMax = 1_000;
    private const int RpmMax = 10_000_000;
    private const int TpmMax = 1_000_000_000;
    private const int QueueMaxMost = 100_000;
    private const int QueueWaitMsMost = 3_600_000;

    public static GroupShape Check(CreateGroup body)
    {
        var checks = new FieldChecks();
        checks.Require(
            GroupNames.IsName(body.Name), "name", "bad_group",
            "must be a short name of lower-case letters, digits and dashes that the gateway does not use itself");
        var shape = new GroupShape
        {
            Policy = body.Policy ?? "weighted",
            PriceFactorBp = CheckFactor(checks, body.PriceFactor) ?? PriceFactors.Once,
            UserIds = CheckUsers(checks, body.UserIds),
            InCommon = body.InCommon ?? true,
            Hedges = body.Hedges ?? false,
            Rpm = body.Rpm,
            Tpm = body.Tpm,
            QueueMax = body.QueueMax,
            QueueWaitMs = body.QueueWaitMs,
        };
        CheckShape(checks, shape);
        return shape;
    }

    /// <summary>The settings after a change; fields that were not sent keep what they had.</summary>
    public static GroupShape Check(JsonBody<UpdateGroup> body, GroupShape before)
    {
        var checks = new FieldChecks();
        var change = body.Value;
        foreach (var (field, value) in new (string, object?)[]
        {
            ("policy", change.Policy), ("price_factor", change.PriceFactor), ("user_ids", change.UserIds),
            ("in_common", change.InCommon), ("hedges", change.Hedges),
        })
        {
            checks.Require(!body.Has(field) || value is not null, field, "null", "must not be null");
        }

        var after = before with
        {
            Policy = change.Policy ?? before.Policy,
            PriceFactorBp = CheckFactor(checks, change.PriceFactor) ?? before.PriceFactorBp,
            UserIds = change.UserIds is { } users ? CheckUsers(checks, users) : before.UserIds,
            InCommon = change.InCommon ?? before.InCommon,
            Hedges = change.Hedges ?? before.Hedges,
            Rpm = body.Has("rpm") ? change.Rpm : before.Rpm,
            Tpm = body.Has("tpm") ? change.Tpm : before.Tpm,
            QueueMax = body.Has("queue_max") ? change.QueueMax : before.QueueMax,
            QueueWaitMs = body.Has("queue_wait_ms") ? change.QueueWaitMs : before.QueueWaitMs,
        };
        CheckShape(checks, after);
        return after;
    }

    private static void CheckShape(FieldChecks checks, GroupShape shape)
    {
        TextRules.OneOf(checks, shape.Policy, "policy", "weighted", "least_loaded", "cheapest", "fifo", "sticky");
        checks.Range(shape.Rpm, "rpm", 1, RpmMax);
        checks.Range(shape.Tpm, "tpm", 1, TpmMax);
        checks.Range(shape.QueueMax, "queue_max", 0, QueueMaxMost);
        checks.Range(shape.QueueWaitMs, "queue_wait_ms", 0, QueueWaitMsMost);
        checks.ThrowIfAny();
    }

    private static int? CheckFactor(FieldChecks checks, string? text)
    {
        if (text is null)
        {
            return null;
        }

        var bp = FactorText.Parse(text);
        checks.Require(bp is not null, "price_factor", "bad_factor", FactorText.Message);
        return bp;
    }

    private static long[] CheckUsers(FieldChecks checks, IReadOnlyList<string>? ids)
    {
        if (ids is null)
        {
            return [];
        }

        checks.Require(ids.Count <= UsersMax, "user_ids", "too_many", $"must have at most {UsersMax} entries");
        var users = new List<long>();
        for (var i = 0; i < Math.Min(ids.Count, UsersMax); i++)
        {
            if (WireId.TryParse(WireId.User, ids[i], out var id))
            {
                users.Add(id);
            }
            else
            {
                checks.Add($"user_ids[{i}]", "bad_id", "must be a user id such as usr_1001");
            }
        }

        return [.. users.Distinct()];
    }
}
