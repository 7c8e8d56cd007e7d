using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Affinity;

/// <summary>A rule's fields, checked and ready to be stored; a position of null is to be found.</summary>
internal sealed record AffinityRuleShape
{
    public required string Name { get; init; }
    public int? Position { get; init; }
    public string? Path { get; init; }
    public string? Model { get; init; }
    public required string Source { get; init; }
    public int TtlSeconds { get; init; } = AffinityRuleRules.TtlDefault;
    public bool Pinned { get; init; }
    public int? UnbindAfterMs { get; init; }
    public string Status { get; init; } = "active";
}

/// <summary>What the fields of an affinity rule may hold.</summary>
internal static class AffinityRuleRules
{
    public const int CountMax = 100;
    public const int TtlDefault = 3600;
    private const int TtlMax = 7 * 24 * 3600;
    private const int PositionMax = 1_000_000;
    private const int PathLengthMax = 128;
    private const int UnbindLeastMs = 100;
    private const int UnbindMaxMs = 600_000;

    public static AffinityRuleShape Check(CreateAffinityRule body)
    {
        var checks = new FieldChecks();
        var status = StatusRules.Check(checks, _ => false, body.Status, body.Enabled);
        var shape = new AffinityRuleShape
        {
            Name = body.Name,
            Position = body.Position,
            Path = body.Path,
            Model = body.Model,
            Source = body.Source,
            TtlSeconds = body.TtlSeconds ?? TtlDefault,
            Pinned = body.Pinned ?? false,
            UnbindAfterMs = body.UnbindAfterMs,
            Status = status ?? "active",
        };
        Check(checks, shape);
        checks.ThrowIfAny();
        return shape;
    }

    public static AffinityRuleShape Check(JsonBody<UpdateAffinityRule> body, AffinityRuleShape before)
    {
        var checks = new FieldChecks();
        var change = body.Value;
        foreach (var (field, value) in new (string, object?)[]
        {
            ("name", change.Name), ("position", change.Position), ("source", change.Source),
            ("ttl_seconds", change.TtlSeconds), ("pinned", change.Pinned),
        })
        {
            checks.Require(!body.Has(field) || value is not null, field, "null", "must not be null");
        }

        var status = StatusRules.Check(checks, body.Has, change.Status, change.Enabled);
        var after = before with
        {
            Name = change.Name ?? before.Name,
            Position = change.Position ?? before.Position,
            Path = body.Has("path") ? change.Path : before.Path,
            Model = body.Has("model") ? change.Model : before.Model,
            Source = change.Source ?? before.Source,
            TtlSeconds = change.TtlSeconds ?? before.TtlSeconds,
            Pinned = change.Pinned ?? before.Pinned,
            UnbindAfterMs = body.Has("unbind_after_ms") ? change.UnbindAfterMs : before.UnbindAfterMs,
            Status = status ?? before.Status,
        };
        Check(checks, after);
        checks.ThrowIfAny();
        return after;
    }

    private static void Check(FieldChecks checks, AffinityRuleShape shape)
    {
        TextRules.Check(checks, shape.Name, "name");
        checks.Range(shape.Position, "position", 0, PositionMax);
        checks.Require(
            shape.Path is null || (shape.Path.Length <= PathLengthMax
                && AffinityRule.Paths.Any(path => ModelPattern.Matches(shape.Path, path))),
            "path",
            "bad_path",
            $"must be one of {string.Join(", ", AffinityRule.Paths)}, or a pattern of them such as /v1beta/models/*");
        checks.Require(
            shape.Model is null || ModelNames.IsPattern(shape.Model),
            "model",
            "bad_model",
            "must be a model name or a pattern such as claude-*");
        checks.Require(
            AffinitySource.TryParse(shape.Source, out _),
            "source",
            "bad_source",
            $"must be prefix, or up to {AffinitySource.PlacesMax} of header:name and /json/pointer separated by "
            + "blanks, with +prefix at the end or without");
        checks.Range(shape.TtlSeconds, "ttl_seconds", 1, TtlMax);
        checks.Range(shape.UnbindAfterMs, "unbind_after_ms", UnbindLeastMs, UnbindMaxMs);
    }
}
