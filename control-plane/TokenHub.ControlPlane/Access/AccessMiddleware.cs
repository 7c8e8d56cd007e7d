using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Sessions;

namespace TokenHub.ControlPlane.Access;

/// <summary>Holds every matched route against <see cref="AccessTable"/> before its handler runs.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, SessionReader sessions)
{
    public async Task InvokeAsync(HttpContext context)
    {
        // What routing puts in the place of an endpoint (405, 415) only sets a status; no endpoint at all is a 404.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
        {
            await next(context);
            return;
        }

        var row = AccessTable.Find(endpoint);
        switch (row?.Door)
        {
            case Door.Open or Door.Plane:
                break;
            case Door.Session:
                context.Features.Set(await AdmitAsync(context, row));
                break;
            default:
                throw new RefusedException(ProblemCode.Forbidden, "This route is open to nobody.");
        }

        await next(context);
    }

    private async Task<Caller> AdmitAsync(HttpContext context, AccessRow row)
    {
        var session = await sessions.ReadAsync(context)
            ?? throw new RefusedException(ProblemCode.Unauthenticated, "There is no valid session with this request.");
        if (session.FromCookie)
        {
            OriginCheck.RequireForUnsafe(context);
        }

        var reach = row.Of(session.Role);
        return reach == Reach.None
            ? throw new RefusedException(ProblemCode.Forbidden, "Your role does not allow this.")
            : new Caller(session.UserId, session.Email, session.Role, session.Hash, reach);
    }
}
