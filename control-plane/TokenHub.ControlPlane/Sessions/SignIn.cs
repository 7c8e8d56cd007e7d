using System.Net;
using Microsoft.AspNetCore.Identity;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Users;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>
/// Tells a right password from a wrong one without telling who exists: every failure costs the same work, counts the
/// same, and has the same answer.
/// </summary>
internal sealed class SignIn(
    UserQueries users,
    SessionQueries sessions,
    SessionTokens tokens,
    Passwords passwords,
    LoginThrottle throttle,
    TimeProvider time)
{
    public async Task<LoginAnswer> AttemptAsync(LoginRequest request, IPAddress address, CancellationToken cancellation)
    {
        var user = await VerifyAsync(request.Email, request.Password, address, cancellation);
        if (!user.IsActive)
        {
            throw new RefusedException(ProblemCode.AccountDisabled, "This account is disabled. Ask an admin.");
        }

        var token = SessionTokens.Create();
        var now = time.GetUtcNow().UtcDateTime;
        var expiresAt = now + SessionRules.AgeMax;
        await sessions.AddAsync(tokens.Hash(token), user.Id, now, expiresAt, cancellation);
        return new LoginAnswer { Token = token, ExpiresAt = expiresAt, User = user.ToView() };
    }

    /// <summary>The hash of the new password, once the present one was given rightly.</summary>
    public async Task<string> ReplaceAsync(
        string email, PasswordChange change, IPAddress address, CancellationToken cancellation)
    {
        await VerifyAsync(email, change.CurrentPassword, address, cancellation);
        return await passwords.HashAsync(change.NewPassword, cancellation);
    }

    private async Task<UserRow> VerifyAsync(
        string givenEmail, string password, IPAddress address, CancellationToken cancellation)
    {
        // What cannot be an address of ours goes the same way as an unknown one, under a name nobody can have.
        var email = UserRules.TryNormalizeEmail(givenEmail, out var normal) ? normal : "(malformed)";
        await throttle.CountAsync(email, address, cancellation);
        var user = await users.FindByEmailAsync(email, cancellation);
        var given = password.Length <= PasswordRules.LengthMax ? password : "";
        var result = await passwords.VerifyAsync(user?.PasswordHash, given, cancellation);
        if (user is null || result == PasswordVerificationResult.Failed)
        {
            throw new RefusedException(ProblemCode.InvalidCredentials, "The e-mail address or the password is wrong.");
        }

        await throttle.ForgiveAsync(email, address, cancellation);
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await users.SetHashAsync(user.Id, await passwords.HashAsync(password, cancellation), cancellation);
        }

        return user;
    }
}
