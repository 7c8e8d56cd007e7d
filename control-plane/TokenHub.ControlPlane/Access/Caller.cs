using System.Reflection;

namespace TokenHub.ControlPlane.Access;

/// <summary>Who is calling, and how far the call may reach: all rows, or only the caller's own.</summary>
internal sealed record Caller(long UserId, string Email, Role Role, byte[] SessionHash, Reach Reach)
    : IBindableFromHttpContext<Caller>
{
    /// <summary>The user to whom every query is limited; null for those who see all.</summary>
    public long? OnlyUser => Reach == Reach.All ? null : UserId;

    public bool IsAdmin => Role == Role.Admin;

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<Caller?>(context.Features.Get<Caller>());
}
