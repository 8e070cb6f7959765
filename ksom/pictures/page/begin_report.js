// The report begins; what the page says without scripts goes.

report(DATA);
document.getElementById("static")?.remove();
