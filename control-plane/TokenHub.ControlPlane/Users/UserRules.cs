using System.Buffers;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Users;

/// <summary>What a user's fields may hold.</summary>
internal static class UserRules
{
    public const int MaxConcurrencyMax = 100_000;
    private const int RpmMax = 1_000_000;
    private const int TpmMax = 1_000_000_000;
    private const int WeightMax = 100;
    private const int EmailLengthMax = 254;

    // Printable ASCII without blanks, quotes and separators: an address that reads the same everywhere.
    private static readonly SearchValues<char> EmailCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.@");

    /// <summary>
    /// Lower case, because mail servers do not tell cases apart and two accounts that look alike help no one.
    /// </summary>
    public static bool TryNormalizeEmail(string text, out string email)
    {
        email = text.Trim().ToLowerInvariant();
        var at = email.IndexOf('@', StringComparison.Ordinal);
        return email.Length <= EmailLengthMax
            && at > 0
            && at == email.LastIndexOf('@')
            && at < email.Length - 1
            && !email.AsSpan().ContainsAnyExcept(EmailCharacters);
    }

    public static NewUser Check(CreateUser body)
    {
        var checks = new FieldChecks();
        checks.Require(TryNormalizeEmail(body.Email, out var email), "email", "bad_email", "must be an e-mail address");
        if (PasswordRules.FaultOf(body.Password) is { } fault)
        {
            checks.Add("password", "bad_password", fault);
        }

        CheckShared(checks, body.Role, body.MaxConcurrency, body.Rpm, body.Tpm, body.Weight);
        checks.ThrowIfAny();
        return new NewUser(
            email, body.Password, body.Role ?? "member", body.MaxConcurrency ?? KeyRecord.DefaultUserMaxConcurrency)
        {
            Rpm = body.Rpm,
            Tpm = body.Tpm,
            Weight = body.Weight ?? 1,
        };
    }

    public static void Check(JsonBody<UpdateUser> body)
    {
        var checks = new FieldChecks();
        var value = body.Value;
        foreach (var field in new[] { "role", "status", "max_concurrency", "weight", "password" })
        {
            checks.Require(!body.Has(field) || !IsNull(value, field), field, "null", "must not be null");
        }

        CheckShared(checks, value.Role, value.MaxConcurrency, value.Rpm, value.Tpm, value.Weight);
        TextRules.OneOf(checks, value.Status, "status", "active", "disabled");
        if (value.Password is { } password && PasswordRules.FaultOf(password) is { } fault)
        {
            checks.Add("password", "bad_password", fault);
        }

        checks.ThrowIfAny();
    }

    private static bool IsNull(UpdateUser value, string field) => field switch
    {
        "role" => value.Role is null,
        "status" => value.Status is null,
        "max_concurrency" => value.MaxConcurrency is null,
        "weight" => value.Weight is null,
        _ => value.Password is null,
    };

    private static void CheckShared(
        FieldChecks checks, string? role, int? maxConcurrency, int? rpm, int? tpm, int? weight)
    {
        TextRules.OneOf(checks, role, "role", "admin", "member", "auditor");
        checks.Range(maxConcurrency, "max_concurrency", 1, MaxConcurrencyMax);
        checks.Range(rpm, "rpm", 1, RpmMax);
        checks.Range(tpm, "tpm", 1, TpmMax);
        checks.Range(weight, "weight", 1, WeightMax);
    }
}

/// <summary>A checked new user.</summary>
internal sealed record NewUser(string Email, string Password, string Role, int MaxConcurrency)
{
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int Weight { get; init; } = 1;
}
