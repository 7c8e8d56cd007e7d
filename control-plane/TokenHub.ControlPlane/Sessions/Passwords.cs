using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>
/// Password hashes: PBKDF2 with HMAC-SHA512. Hashing is slow on purpose, so only a few run at once and only so many
/// wait: a flood of sign-ins must not take the console's processors away.
/// </summary>
internal sealed class Passwords : IDisposable
{
    public const int Iterations = 210_000;
    private const int WaitingMax = 64;

    private static readonly object Nobody = new();
    private readonly PasswordHasher<object> _hasher =
        new(new OptionsWrapper<PasswordHasherOptions>(new PasswordHasherOptions { IterationCount = Iterations }));

    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lazy<string> _decoy;
    private int _waiting;

    public Passwords() =>
        _decoy = new Lazy<string>(() => _hasher.HashPassword(Nobody, RandomNumberGenerator.GetHexString(32)));

    public Task<string> HashAsync(string password, CancellationToken cancellation) =>
        InTurnAsync(() => _hasher.HashPassword(Nobody, password), cancellation);

    /// <summary>
    /// Compares a password with a hash. Without a hash (no such user) the same work is done against a decoy, so that
    /// the time taken does not tell who exists.
    /// </summary>
    public Task<PasswordVerificationResult> VerifyAsync(
        string? hash, string password, CancellationToken cancellation) =>
        InTurnAsync(
            () =>
            {
                var result = _hasher.VerifyHashedPassword(Nobody, hash ?? _decoy.Value, password);
                return hash is null ? PasswordVerificationResult.Failed : result;
            },
            cancellation);

    private async Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            throw new RefusedException(ProblemCode.TooManyRequests, "Too many sign-ins at once.")
            {
                RetryAfterSeconds = 2,
            };
        }

        try
        {
            await _slots.WaitAsync(cancellation);
            try
            {
                return await Task.Run(work, cancellation);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose() => _slots.Dispose();
}
