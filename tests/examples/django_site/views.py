"""The pages: log in with a code, and add a device."""

import time
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from onetime import OnetimeError, QRCode, StoreError, ThrottledError

from . import second_factor

PAGE = """<!doctype html><html lang="en"><title>Acme</title>
{% for message in messages %}<p role="alert">{{ message }}</p>{% endfor %}
{% if qr %}<p>Scan this with your app, or <a href="{{ link }}">open it here</a>:</p>{{ qr }}{% endif %}
{% if form %}<form method="post">{% csrf_token %}{{ form.as_p }}<button>Continue</button></form>
{% else %}<p>You are logged in as {{ user }}.</p><p><a href="/device/">Add a device</a></p>
<form method="post" action="/logout/">{% csrf_token %}<button>Log out</button></form>{% endif %}"""


def page(request: Any, status: int = 200, **values: Any) -> HttpResponse:
    """Return the page with a form, or without one."""
    return HttpResponse(engines["django"].from_string(PAGE).render(values, request), status=status)


class LoginForm(AuthenticationForm):
    """The form for a password and a code, or three codes while the user is throttled."""

    token = forms.CharField(required=False, label="The code that your app shows, if you have added one")
    second_token = forms.CharField(required=False, label="The next code, if you are asked for three")
    third_token = forms.CharField(required=False, label="And the next one")

    def clean(self) -> Any:
        """Check the password and the codes at once."""
        self.user_cache = authenticate(self.request, **self.cleaned_data)
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        return self.cleaned_data


class Login(LoginView):
    """The login page."""

    form_class = LoginForm
    redirect_authenticated_user = True  # after a double click, the first request has logged in

    def render_to_response(self, context: Any, **_kwargs: Any) -> HttpResponse:
        """Show the form, with the status that the README's table gives."""
        refusal = getattr(self.request, "refusal", None)
        if isinstance(refusal, ThrottledError):
            messages.error(self.request, "Too many codes were wrong. Wait, or type three codes in a row.")
            answer = page(self.request, 429, form=context["form"])
            answer["Retry-After"] = str(max(0, refusal.retry_at - int(time.time())))
            return answer
        return page(self.request, 422 if context["form"].errors else 200, form=context["form"])

    def form_valid(self, form: Any) -> Any:
        """Log the user in, and report wrong codes since the last login."""
        if failures := getattr(self.request, "failures_before", 0):
            messages.warning(self.request, f"Wrong codes since your last login: {failures}")
        return super().form_valid(form)


class DeviceForm(forms.Form):
    """The form for a code of the new device."""

    code = forms.CharField(label="The code that your app shows")
    replace = forms.BooleanField(required=False, label="It replaces my other devices")


@never_cache  # the page holds the secret
@login_required
@sensitive_post_parameters("code")
def device(request: Any) -> Any:
    """Show a QR code, and add the device whose code is typed."""
    form = DeviceForm(request.POST or None)
    if request.method == "POST" and "device" in request.session and form.is_valid():
        others = second_factor.devices(request.user) if form.cleaned_data["replace"] else ()
        try:
            second_factor.confirm(request.user, request.session, form.cleaned_data["code"], list(others))
        except StoreError:
            raise
        except OnetimeError as error:
            form.add_error("code", str(error))
            # The form without the QR code, which has been scanned already.
            return page(request, 422, form=form)
        messages.success(request, "The device was added.")
        return redirect("/")
    link = second_factor.show(request.user, request.session)
    qr = mark_safe(QRCode(link).to_svg(title="QR code for your app"))
    return page(request, form=DeviceForm(), link=link, qr=qr)


@login_required
def home(request: Any) -> HttpResponse:
    """Show the user who is logged in."""
    return page(request)


class Unavailable:
    """Middleware that answers 503 if the store fails; nothing was accepted then."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        """Return the answer to a StoreError."""
        return HttpResponse("Please try again later.", status=503) if isinstance(error, StoreError) else None
