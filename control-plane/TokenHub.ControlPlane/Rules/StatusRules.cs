using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Rules;

/// <summary>Things that can be switched take <c>status</c> or, shorter, <c>enabled</c>.</summary>
internal static class StatusRules
{
    /// <summary>The status asked for, or null when neither field was sent.</summary>
    public static string? Check(FieldChecks checks, Func<string, bool> has, string? status, bool? enabled)
    {
        checks.Require(!has("status") || status is not null, "status", "null", "must not be null");
        checks.Require(!has("enabled") || enabled is not null, "enabled", "null", "must not be null");
        TextRules.OneOf(checks, status, "status", "active", "disabled");
        var asked = enabled switch { true => "active", false => "disabled", null => null };
        checks.Require(
            asked is null || status is null || asked == status,
            "enabled",
            "contradiction",
            "says another thing than status");
        return status ?? asked;
    }
}
